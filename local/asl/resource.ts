/** What a Task's Resource asks for. */
export type Resource =
  | { readonly kind: 'lambdaFunction'; readonly arn: string }
  | {
      readonly kind: 'integration';
      /** Both as the Task events name them, e.g. `lambda` and `invoke.waitForTaskToken`. */
      readonly resourceType: string;
      readonly resource: string;
      readonly waitsForToken: boolean;
    };

const LAMBDA_FUNCTION = /^arn:aws[\w-]*:lambda:[^:]+:\d{12}:function:.+$/;
const INTEGRATION = /^arn:aws[\w-]*:states:::(?<type>.+):(?<action>[^:]+)$/;

/** What the interpreter itself supports, without asking the runner. */
const LAMBDA_INVOKE = /^arn:aws[\w-]*:states:::lambda:invoke(\.waitForTaskToken)?$/;

/** Reads a Resource; undefined for one that is neither a Lambda function nor a request to a service. */
export function parseResource(text: string): Resource | undefined {
  if (LAMBDA_FUNCTION.test(text)) return { kind: 'lambdaFunction', arn: text };
  const { type, action } = INTEGRATION.exec(text)?.groups ?? {};
  // `.sync` needs the interpreter to follow a job, which it cannot.
  if (type === undefined || action === undefined || /\.sync(:\d+)?$/.test(text)) return undefined;
  return {
    kind: 'integration',
    resourceType: type,
    resource: action,
    waitsForToken: action.endsWith('.waitForTaskToken'),
  };
}

/** Whether a Task may name this Resource. */
export function isSupportedResource(
  text: string,
  runnerSupports: (resource: string) => boolean,
): boolean {
  if (parseResource(text) === undefined) return false;
  return LAMBDA_FUNCTION.test(text) || LAMBDA_INVOKE.test(text) || runnerSupports(text);
}
