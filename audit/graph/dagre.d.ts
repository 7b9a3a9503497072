/**
 * As much of dagre as is used. Its own declarations import their files without extensions, which
 * Node's way of resolving modules does not find.
 */
declare module '@dagrejs/dagre' {
  export class Graph {
    setGraph(label: { readonly rankdir: 'TB'; readonly ranksep: number }): void;
    setDefaultEdgeLabel(label: () => object): void;
    setNode(name: string, label: { readonly width: number; readonly height: number }): void;
    setEdge(from: string, to: string): void;
    /** Once it is laid out, a node has its middle. */
    node(name: string): { readonly x: number; readonly y: number };
  }

  export function layout(graph: Graph): void;
}
