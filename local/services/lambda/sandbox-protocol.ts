/** What the host tells a sandbox: how to find the handler, once, and then one event at a time. */
export type SandboxOrder =
  | {
      readonly type: 'load';
      readonly taskRoot: string;
      readonly handler: string;
      readonly logFormat: 'Text' | 'JSON';
    }
  | ({ readonly type: 'invoke'; readonly payload: string } & InvocationFacts);

/** What a handler learns of its invocation from the context. */
export interface InvocationFacts {
  readonly requestId: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly timeoutMs: number;
}

/** What a sandbox tells the host. A `failure` is the JSON of errorType, errorMessage and trace. */
export type SandboxReport =
  | { readonly type: 'loaded' }
  | { readonly type: 'load-failed'; readonly failure: string }
  | { readonly type: 'result'; readonly payload: string; readonly memoryMb: number }
  | {
      readonly type: 'failure';
      readonly failure: string;
      readonly memoryMb: number;
      /** The process ends now. */
      readonly isLast: boolean;
    };

/**
 * The line that a sandbox writes to both of its streams when an invocation is over.
 *
 * Streams and reports arrive on different channels; this tells the host that it has read all there is.
 */
export function endOfOutput(requestId: string): string {
  return `\u0000end-of-output ${requestId}\u0000`;
}
