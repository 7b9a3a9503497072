import type { Clock } from '../../clock.ts';
import type { RunningScript } from '../ec2/machine-host.ts';
import type { ScriptEnd } from '../ec2/machine-protocol.ts';
import type { CommandDocument } from './command-document.ts';

/** How far an invocation is, in SSM's words. */
export type InvocationStatus =
  'Pending' | 'InProgress' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelling' | 'Cancelled';

/** A command on one instance. */
export interface Invocation {
  readonly commandId: string;
  readonly instanceId: string;
  readonly document: CommandDocument;
  readonly comment: string;
  status: InvocationStatus;
  /** The status, or why it is TimedOut or Failed. */
  statusDetails: string;
  /** -1 before the end, and where there is none to tell. */
  responseCode: number;
  startedAt?: Date;
  endedAt?: Date;
  stdout: string;
  stderr: string;
  cancel(): void;
}

const isOver = ({ status }: Invocation): boolean =>
  !['Pending', 'InProgress', 'Cancelling'].includes(status);

/** Follows a script on its way to an instance and there, and keeps what SSM tells of it. */
export function followInvocation(
  identity: Pick<Invocation, 'commandId' | 'instanceId' | 'document' | 'comment'>,
  running: RunningScript,
  { clock, deliverySeconds }: { readonly clock: Clock; readonly deliverySeconds: number },
): Invocation {
  const delivered = new AbortController();
  const become = (status: InvocationStatus, details: string = status): void => {
    invocation.status = status;
    invocation.statusDetails = details;
  };
  const invocation: Invocation = {
    ...identity,
    status: 'Pending',
    statusDetails: 'Pending',
    responseCode: -1,
    stdout: '',
    stderr: '',
    cancel() {
      if (isOver(invocation)) return;
      become('Cancelling');
      running.cancel();
    },
  };

  const waitForDelivery = async (): Promise<void> => {
    await clock.sleep(deliverySeconds * 1000, delivered.signal);
    running.cancel();
    become('TimedOut', 'DeliveryTimedOut');
  };
  const waitForStart = async (): Promise<void> => {
    const began = await running.started;
    delivered.abort();
    if (!began || isOver(invocation)) return;
    invocation.startedAt = clock.now();
    if (invocation.status === 'Pending') become('InProgress');
  };
  const waitForEnd = async (): Promise<void> => {
    const end = await running.ended;
    if (isOver(invocation)) return;
    invocation.endedAt = clock.now();
    if (end === undefined) {
      become('Failed', 'Undeliverable');
      return;
    }
    Object.assign(invocation, {
      responseCode: end.exitCode,
      stdout: end.stdout,
      stderr: end.stderr,
    });
    become(...statusOf(end));
  };
  // The signal's abort is how the first of these ends where all is well.
  waitForDelivery().catch(() => undefined);
  void waitForStart();
  void waitForEnd();
  return invocation;
}

function statusOf({ exitCode, stopped }: ScriptEnd): [InvocationStatus, string?] {
  if (stopped === 'time limit') return ['TimedOut', 'ExecutionTimedOut'];
  if (stopped === 'cancel') return ['Cancelled'];
  return [exitCode === 0 ? 'Success' : 'Failed'];
}
