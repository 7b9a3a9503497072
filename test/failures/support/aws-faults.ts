import { ApiError } from '../../../local/api.ts';
import type { AwsCall, Fault } from './fault.ts';
import type { TaskState } from './task-states.ts';

/** How each service says that there were too many calls; the others say ThrottlingException. */
const throttlings: Readonly<Record<string, readonly [code: string, status: number]>> = {
  ec2: ['RequestLimitExceeded', 503],
  s3: ['SlowDown', 503],
  ses: ['TooManyRequestsException', 429],
};

/** What AWS can do to the calls of a Task's function, and of the worker that answers for it. */
export function awsFaults({ waitsForToken, hasMachine }: TaskState): readonly Fault[] {
  const isAnswered = waitsForToken && hasMachine;
  return (['function', ...(isAnswered ? (['worker'] as const) : [])] as const).flatMap(faultsOf);
}

function faultsOf(by: AwsCall['by']): Fault[] {
  const only =
    (fault: NonNullable<Fault['call']>): NonNullable<Fault['call']> =>
    async (call) =>
      call.by === by ? fault(call) : (await call.proceed()).answer;
  return [
    {
      name: `has the calls of its ${by} throttled`,
      kind: 'AWS throttles',
      call: only(async (call) => {
        // A function's first try finds nothing else; a worker tries each call for itself.
        const isThrottled = by === 'function' ? call.attempt === 1 : call.before < 2;
        if (!isThrottled) return (await call.proceed()).answer;
        const [code, status] = throttlings[call.service] ?? ['ThrottlingException', 400];
        throw new ApiError(code, 'Rate exceeded', status);
      }),
    },
    {
      name: `has the calls of its ${by} denied`,
      kind: 'AWS denies',
      call: only(async (call) => {
        // A worker that may not tell what it was denied is one that is lost: another fault.
        if (!(by === 'worker' && call.service === 'states')) call.deny();
        return (await call.proceed()).answer;
      }),
    },
    {
      name: `loses the replies to its ${by}`,
      kind: 'reply of AWS lost after the effect',
      mayRepeatMail: true,
      call: only(async (call) => {
        const { answer, change } = await call.proceed();
        // A message whose delivery got lost comes back in a minute of the machine's time, which
        // worker-loss.test.ts waits for.
        if (change !== 1 || call.operation.endsWith('.ReceiveMessage')) return answer;
        throw new ApiError('InternalFailure', 'the reply was lost', 500);
      }),
    },
  ];
}
