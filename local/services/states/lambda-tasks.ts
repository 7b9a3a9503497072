import { createHash, randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ApiError, type FunctionInvoker, type Surroundings } from '../../api.ts';
import { TaskFailedError } from '../../asl/failure.ts';
import { parseJson, type Json } from '../../asl/json.ts';
import type { TaskCall, TaskRunner } from '../../asl/runtime.ts';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import type { DeclaredStateMachine } from './state-machine.ts';

/** Arguments of `lambda:invoke`; more than these is refused. */
const InvokeArguments = z.strictObject({
  FunctionName: z.string(),
  Payload: z.json().optional(),
  InvocationType: z.literal('RequestResponse').optional(),
});

/** Does the Tasks of one state machine: Lambda functions, as the machine's role. */
export function lambdaTasks(
  { principals }: Pick<Surroundings, 'principals'>,
  invoker: FunctionInvoker,
  machine: DeclaredStateMachine,
): TaskRunner {
  return {
    async run(call) {
      const isIntegration = call.resource.includes(':states:::');
      const { FunctionName, Payload } = isIntegration
        ? readArguments(call)
        : { FunctionName: call.resource, Payload: call.parameters };
      const payload = typeof Payload === 'string' && isIntegration ? Payload : json(Payload ?? {});
      const caller = principals.roleCaller(machine.roleArn, sessionName(call.executionArn));
      const requestId = randomUUID();
      const answer = await invoker
        .invoke(caller, FunctionName, payload, { signal: call.signal })
        .catch((error: unknown) => {
          throw serviceError(error, requestId);
        });
      if (answer.functionError !== undefined)
        throw new TaskFailedError({ error: errorType(answer.payload), cause: answer.payload });
      const result = parseJson(answer.payload);
      return isIntegration ? invokeResult(result, requestId) : result;
    },
  };
}

function readArguments({ parameters }: TaskCall): z.output<typeof InvokeArguments> {
  const read = InvokeArguments.safeParse(parameters);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const field = [...(issue?.path ?? []), ...unknown].map(String).join('.');
  throw new TaskFailedError({
    error: 'States.Runtime',
    cause: `lambda:invoke: ${field} is not supported by the embedded cloud with this value`,
  });
}

/** A role's session differs by execution, so that the access log tells executions apart. */
function sessionName(executionArn: string): string {
  return createHash('sha256').update(executionArn).digest('hex').slice(0, 32);
}

/** What Step Functions answers of Lambda's own answer. */
function invokeResult(payload: Json, requestId: string): Json {
  return {
    ExecutedVersion: '$LATEST',
    Payload: payload,
    SdkHttpMetadata: {
      AllHttpHeaders: {
        'X-Amz-Executed-Version': ['$LATEST'],
        'Content-Type': ['application/json'],
      },
      HttpHeaders: {
        'Content-Type': 'application/json',
        'X-Amz-Executed-Version': '$LATEST',
      },
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: requestId },
    StatusCode: 200,
  };
}

/** Names an error of Lambda the way Step Functions does; what is no error of Lambda stays what it is. */
function serviceError(error: unknown, requestId: string): unknown {
  if (!(error instanceof ApiError)) return error;
  const isDenied = isAccessDenied(error);
  const name = isDenied ? 'AWSLambdaException' : error.code;
  return new TaskFailedError({
    error: `Lambda.${name}`,
    cause: `${error.message} (Service: AWSLambda; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`,
  });
}

function errorType(payload: string): string {
  const read = z.looseObject({ errorType: z.string() }).safeParse(parseJson(payload));
  return read.success ? read.data.errorType : 'Lambda.Unknown';
}

function json(value: Json): string {
  return JSON.stringify(value);
}
