import type { SceneName } from './read-scene.ts';

/** The pictures of docs/images that are drawn from recorded runs. */
export const pictures: readonly { readonly file: string; readonly scene: SceneName }[] = [
  { file: 'run-graph-success.svg', scene: 'success' },
  { file: 'run-graph-failed.svg', scene: 'failed' },
  { file: 'run-graph-40-workers.svg', scene: 'forty' },
];
