/**
 * As much of preact as is used; `paths` in tsconfig.json puts it in the place of preact's own declarations,
 * which bring the browser's globals into every file of the project, and none of these runs in a browser.
 */
export interface VNode<Props = object> {
  readonly type: unknown;
  readonly props: Props;
}
export const Fragment: (props: object) => VNode;
export function h(type: unknown, props: object, ...children: unknown[]): VNode;
