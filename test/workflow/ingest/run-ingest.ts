import type * as z from 'zod';
import { type Behaviour, type Callback, runScripted } from '../../../local/asl/scripted.ts';
import type { Json } from '../../../local/asl/json.ts';
import { CheckWorkbenchInput } from '../../../tasks/check-workbench/check-workbench.ts';
import { NotifyTroubleInput } from '../../../tasks/notify-trouble/notify-trouble.ts';
import { PollSensorsInput } from '../../../tasks/poll-sensors/poll-sensors.ts';
import { RecordPollInput } from '../../../tasks/record-poll/record-poll.ts';
import { ReportGapsInput } from '../../../tasks/report-gaps/report-gaps.ts';
import type { RecordedPoll } from '../../../ingest/model/ingest-run.ts';
import type { IngestTaskName } from '../../../workflow/ingest-functions.ts';
import { detailsOf } from '../../local/asl/harness.ts';
import { emptyPoll, minutesLater } from '../../tasks/ingest/ingest-runs.ts';
import { functionArn, synthesizeIngest } from './synthesize-ingest.ts';

/** What each function accepts: the payloads of the definition are held against the tasks' own schemas. */
const inputs: Readonly<Record<IngestTaskName, z.ZodType>> = {
  'check-workbench': CheckWorkbenchInput,
  'poll-sensors': PollSensorsInput,
  'record-poll': RecordPollInput,
  'report-gaps': ReportGapsInput,
  'notify-trouble': NotifyTroubleInput,
};

const always = (value: Json): Behaviour => ({ kind: 'constant', value });

/** A function that fails with an error of this name. */
export const raises = (errorType: string): Behaviour => ({
  kind: 'raise',
  errorType,
  errorMessage: `sentence of ${errorType}`,
});

/** A report that found these troubles. */
export const reports = (...codes: string[]): Behaviour =>
  always({
    troubles: codes.map((code) => ({ code, count: 1 })),
    newestSilenceAt: null,
    devices: 2,
    silent: 0,
  });

const well: Readonly<Record<IngestTaskName, Behaviour>> = {
  'check-workbench': always({
    instanceId: 'i-0123456789abcdef0',
    seal: ['2026-11-22'],
    checkedAt: minutesLater(0).toISOString(),
  }),
  'poll-sensors': always({ commandId: 'c', instanceId: 'i-0123456789abcdef0' }),
  'record-poll': always({}),
  'report-gaps': reports(),
  'notify-trouble': always({ run: 'run', sent: true }),
};

export interface IngestLived {
  readonly status: string;
  readonly error?: string;
  readonly cause?: string;
  readonly output: unknown;
  /** The states that were entered, in their order. */
  readonly states: readonly string[];
  /** What each state's function got, at its last call. */
  readonly payloads: Readonly<Record<string, Record<string, Json>>>;
}

/**
 * Runs the ingest with scripted functions on virtual time, well where a test says nothing, and a poller
 * that answers after a minute of heartbeats.
 *
 * A payload that its task's schema refuses fails the test.
 */
export async function runIngest(
  world: Partial<Record<IngestTaskName, Behaviour>> = {},
  {
    input = {},
    poller = answersWell,
  }: { readonly input?: Json; readonly poller?: readonly Callback[] } = {},
): Promise<IngestLived> {
  const { events, output, ...outcome } = await runScripted({
    definition: synthesizeIngest(),
    input,
    lambdas: Object.fromEntries(
      Object.entries({ ...well, ...world }).map(([task, behaviour]) => [
        functionArn(task),
        behaviour,
      ]),
    ),
    callbacks: poller,
  });
  const states: string[] = [];
  const payloads: Record<string, Record<string, Json>> = {};
  for (const event of events) {
    const { name, parameters } = detailsOf(event);
    if (event.type.endsWith('StateEntered')) states.push(String(name));
    if (event.type !== 'TaskScheduled') continue;
    const { FunctionName, Payload } = JSON.parse(String(parameters)) as {
      FunctionName: string;
      Payload: Record<string, Json>;
    };
    inputs[FunctionName.split(':').at(-1) as IngestTaskName].parse(Payload);
    payloads[states.at(-1) ?? ''] = Payload;
  }
  return { ...outcome, output: JSON.parse(output ?? 'null') as unknown, states, payloads };
}

/** The poll is the only Task with a token. */
const pollTask = 0;

/** Heartbeats of the poller, so many seconds after it was told. */
export const beats = (...seconds: number[]): Callback[] =>
  seconds.map((second) => ({ task: pollTask, afterMs: second * 1000, action: 'heartbeat' }));

/** The poller's answer. */
export const answers = (second: number, output: RecordedPoll): Callback => ({
  task: pollTask,
  afterMs: second * 1000,
  action: 'success',
  output,
});

/** The poller's answer that it failed. */
export const fails = (second: number, error: string, cause?: string): Callback => ({
  task: pollTask,
  afterMs: second * 1000,
  action: 'failure',
  error,
  cause,
});

const answersWell = [...beats(20, 40), answers(60, emptyPoll)];
