import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { FunctionAnswer } from '../../../local/api.ts';
import type { Fault, FaultKind, Invocation } from './fault.ts';

/** Something that happens to the execution while the state's function runs for the first time. */
function meanwhile(
  name: string,
  kind: FaultKind,
  happens: (invocation: Invocation) => Promise<void>,
): Fault {
  return {
    name,
    kind,
    async invoke(invocation): Promise<FunctionAnswer> {
      if (invocation.attempt > 1) return invocation.proceed();
      // For a token the function has told the worker by then, and it is the worker that works.
      const isTold = invocation.payload.taskToken !== undefined;
      if (isTold) await invocation.proceed();
      const [answer] = await Promise.all([
        isTold ? { payload: '{}' } : invocation.proceed(),
        invocation.hold(() => happens(invocation)),
      ]);
      return answer;
    },
  };
}

/** What can end an execution from outside, at any Task. */
export const executionFaults: readonly Fault[] = [
  meanwhile('has its execution stopped', 'execution stopped', async ({ study, executionArn }) => {
    await study.as('operator').sfn.send(new StopExecutionCommand({ executionArn }));
  }),
  meanwhile('has its execution timed out', 'execution timed out', ({ study, executionArn }) =>
    study.cloud.services.states.timeOut(executionArn),
  ),
  {
    name: 'has the orchestrator killed and restarted',
    kind: 'orchestrator restarted',
    async invoke(invocation): Promise<FunctionAnswer> {
      const { attempt, payload, hold, proceed, study } = invocation;
      if (attempt > 1) return proceed();
      const { states } = study.cloud.services;
      // For a token the function has told the worker by then, and it is the worker that works.
      if (payload.taskToken === undefined) {
        void hold(() => states.restart());
        return proceed();
      }
      const answer = await proceed();
      setImmediate(() => void hold(() => states.restart()));
      return answer;
    },
  },
];
