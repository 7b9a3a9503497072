import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';

/** Step Functions' side of a task token. */
export class FakeSfn {
  readonly heartbeats: string[] = [];
  readonly answers: { token: string; output?: unknown; error?: string; cause?: string }[] = [];
  /** Set when nobody waits for the task any more. */
  isGone = false;
  failure: Error | undefined;

  readonly client = {
    send: async (command: unknown) => {
      await Promise.resolve();
      if (this.failure !== undefined) throw this.failure;
      if (this.isGone) throw new TaskTimedOut({ message: '', $metadata: {} });
      if (command instanceof SendTaskHeartbeatCommand) {
        this.heartbeats.push(command.input.taskToken ?? '');
      } else if (command instanceof SendTaskSuccessCommand) {
        const { taskToken = '', output = 'null' } = command.input;
        this.answers.push({ token: taskToken, output: JSON.parse(output) });
      } else if (command instanceof SendTaskFailureCommand) {
        const { taskToken = '', error = '', cause = '' } = command.input;
        this.answers.push({ token: taskToken, error, cause });
      } else throw new Error('not a command that the worker may send');
      return {};
    },
  } as unknown as SFNClient;
}
