import { setTimeout as sleep } from 'node:timers/promises';
import { ListExecutionsCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { IngestSettings } from '../../workflow/model/client-settings.ts';
import { clientsAs } from './clients.ts';
import { type Czar, czarOn } from './czar-on.ts';
import { openAs } from './open-as.ts';
import { findPoller, killPoller } from './poller-process.ts';
import { IngestStatus } from './ingest-status.ts';
import type { Stage } from './stage.ts';

/** How long a poller has been at work when it is killed: it has begun to store by then. */
const workMs = 1_500;

/** Waits for polls that are at work, whoever started them, and kills so many of them. */
export async function pollAndKill(kills: number, stage: Stage): Promise<number> {
  const { state, signal, transcript } = stage;
  const { sfn, machine } = await ingestOf(stage);
  let killed = 0;
  while (killed < kills) {
    await start(stage);
    await waitFor(signal, () => Promise.resolve(findPoller(state.directory)));
    await sleep(workMs, undefined, { signal });
    // One that found an empty queue is through with it by now.
    if (!killPoller(state.directory)) continue;
    killed += 1;
    transcript.say('  a poller was killed');
    const { executions: [running] = [] } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: machine, statusFilter: 'RUNNING' }),
    );
    if (killed < kills && running?.executionArn !== undefined) {
      // The first kills are not waited for: an operator ends their runs.
      await sfn.send(new StopExecutionCommand({ executionArn: running.executionArn }));
    } else {
      transcript.say('  its run finds out by the missing heartbeat, within a minute');
      await waitFor(signal, async () => ((await isIdle(stage)) ? true : undefined));
    }
  }
  return killed;
}

/** Polls until nothing is left in the queue, and seals the day. */
export async function pollToTheEnd(day: string, stage: Stage, czar: Czar): Promise<void> {
  for (;;) {
    await waitFor(stage.signal, async () => ((await isIdle(stage)) ? true : undefined));
    await czar('operator', [
      'iot',
      'poll',
      '--watch',
      '--seal',
      day,
      dayBefore(day),
      dayAfter(day),
    ]);
    const { runs } = IngestStatus.parse(await czar('operator', ['iot', 'status']));
    if (runs[0]?.poll?.ended === 'EMPTY') return;
  }
}

const dayAfter = (day: string): string =>
  new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);

/** A wrong clock may put a value that is right to some seconds on the other side of midnight. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
}

/** Counts the runs that no person started: those have names that `czar` gave them. */
export async function countScheduled(stage: Stage): Promise<number> {
  const { sfn, machine } = await ingestOf(stage);
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machine }),
  );
  return executions.filter(({ name }) => name?.startsWith('poll-') === false).length;
}

/** The deployment's ingest, and the operator's client of its machine. */
export async function ingestOf({ state }: Stage) {
  const { settings } = await openAs(state, 'operator');
  const ingest = IngestSettings.parse(settings.ingest);
  return {
    settings: ingest,
    machine: ingest.stateMachineArn,
    sfn: clientsAs(state, 'operator').sfn,
  };
}

async function isIdle(stage: Stage): Promise<boolean> {
  const { sfn, machine } = await ingestOf(stage);
  const { executions = [] } = await sfn.send(
    new ListExecutionsCommand({ stateMachineArn: machine, statusFilter: 'RUNNING' }),
  );
  return executions.length === 0;
}

/** Starts a run as the schedule does, unless one is on. */
async function start(stage: Stage): Promise<void> {
  if (await isIdle(stage)) await czarOn(stage)('operator', ['iot', 'poll']);
}

async function waitFor<T>(signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await sleep(200, undefined, { signal });
  }
}
