import validateAsl from 'asl-validator';
import { describe, expect, it } from 'vitest';
import * as policies from '../../../workflow/retry-policies.ts';
import { mostIngestHours, pollEndSeconds, pollSeconds } from '../../../workflow/ingest.ts';
import { ingestFunctionSeconds } from '../../../workflow/ingest-functions.ts';
import { batchId } from '../../ledger/codes.ts';
import { emptyPoll } from '../../tasks/ingest/ingest-runs.ts';
import { rules } from '../rules.ts';
import { allStates, successors } from '../state-machine.ts';
import { answers, beats, fails, raises, reports, runIngest } from './run-ingest.ts';
import { functionArn, synthesizeIngest } from './synthesize-ingest.ts';

const failurePath = ['Report Gaps After Failure', 'Notify Failure', 'Ingest Failed'];

describe('a run of the ingest that goes well', () => {
  it('polls, records, reports, and tells nobody where nothing is wrong', async () => {
    const lived = await runIngest();

    expect(lived.status).toBe('SUCCEEDED');
    expect(lived.states).toEqual([
      'Check Workbench',
      'Poll',
      'Record Poll',
      'Report Gaps',
      'Any Trouble?',
      'Ingest Done',
    ]);
    expect(lived.output).toEqual({
      ended: 'EMPTY',
      stored: 0,
      objects: 0,
      sealed: [],
      troubles: [],
    });
  });

  it('passes the input of the execution to the one who judges it, and the days to the poller', async () => {
    const { payloads } = await runIngest({}, { input: { seal: ['2026-11-22'] } });

    expect(payloads['Check Workbench']!.request).toEqual({ seal: ['2026-11-22'] });
    expect(payloads.Poll).toMatchObject({
      instanceId: 'i-0123456789abcdef0',
      seal: ['2026-11-22'],
      maxSeconds: pollSeconds,
    });
    expect(payloads['Record Poll']).toMatchObject({ poll: emptyPoll });
    expect(payloads['Report Gaps']).not.toHaveProperty('failure');
  });

  it('tells the batches that were sealed, also where it is one', async () => {
    const sealed = [{ day: '2026-11-22', part: 'MAIN', batchId: batchId(1) }];

    const lived = await runIngest({}, { poller: [answers(5, { ...emptyPoll, sealed })] });

    expect(lived.output).toMatchObject({ sealed });
    expect(lived.payloads['Record Poll']!.poll).toMatchObject({ sealed });
  });

  it('tells a trouble, and ends well all the same', async () => {
    const lived = await runIngest({ 'report-gaps': reports('DEVICE_SILENT') });

    expect(lived.status).toBe('SUCCEEDED');
    expect(lived.states.slice(-3)).toEqual(['Any Trouble?', 'Notify Trouble', 'Ingest Done']);
    expect(lived.payloads['Notify Trouble']).toMatchObject({
      troubles: [{ code: 'DEVICE_SILENT', count: 1 }],
      newestSilenceAt: null,
    });
    expect(lived.output).toMatchObject({ troubles: [{ code: 'DEVICE_SILENT', count: 1 }] });
  });

  it('retries a call that AWS did not answer', async () => {
    const lived = await runIngest({
      'record-poll': {
        kind: 'sequence',
        steps: [raises('AwsUnavailableError'), { kind: 'constant', value: {} }],
      },
    });

    expect(lived.status).toBe('SUCCEEDED');
  });
});

describe('a run of the ingest beside an older one', () => {
  it('ends well, and has done nothing', async () => {
    const lived = await runIngest({ 'check-workbench': raises('IngestBusyError') });

    expect(lived).toMatchObject({
      status: 'SUCCEEDED',
      states: ['Check Workbench', 'Another Run Is On'],
      output: {},
    });
  });
});

describe('a run of the ingest with an input that is none', () => {
  it('fails with a sentence, and has done nothing', async () => {
    const lived = await runIngest({ 'check-workbench': raises('RequestRefusedError') });

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'RequestRefusedError',
      cause: 'sentence of RequestRefusedError',
      states: ['Check Workbench', 'Ingest Refused'],
    });
  });
});

describe('a run of the ingest that fails', () => {
  it.each(['WorkbenchStoppedError', 'WorkbenchUnreachableError', 'PermissionError'])(
    'by %s of the workbench reports, tells, and ends FAILED',
    async (error) => {
      const lived = await runIngest({
        'check-workbench': raises(error),
        'report-gaps': reports('WORKBENCH_STOPPED'),
      });

      expect(lived).toMatchObject({ status: 'FAILED', error, cause: `sentence of ${error}` });
      expect(lived.states).toEqual(['Check Workbench', ...failurePath]);
      expect(lived.payloads['Report Gaps After Failure']).toMatchObject({
        failure: { state: 'Check Workbench', code: error },
      });
      expect(lived.payloads['Notify Failure']).toMatchObject({
        troubles: [{ code: 'WORKBENCH_STOPPED', count: 1 }],
      });
    },
  );

  it('because the poller falls silent is told as that, a minute after its last heartbeat', async () => {
    const lived = await runIngest(
      { 'report-gaps': reports('POLL_FAILED') },
      { poller: beats(20, 40) },
    );

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'States.HeartbeatTimeout',
      cause: 'the poller sent no heartbeat',
    });
    expect(lived.states).toEqual(['Check Workbench', 'Poll', ...failurePath]);
    expect(lived.payloads['Report Gaps After Failure']).toMatchObject({
      failure: { state: 'Poll', code: 'States.HeartbeatTimeout' },
    });
  });

  it('because the poller beats and never ends is told as a timeout', async () => {
    const seconds = Array.from({ length: 100 }, (_, index) => 20 * (index + 1));

    const lived = await runIngest(
      { 'report-gaps': reports('POLL_FAILED') },
      { poller: beats(...seconds) },
    );

    expect(lived).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(lived.states).toEqual(['Check Workbench', 'Poll', ...failurePath]);
  });

  it('because the poller answers with an error ends with that error', async () => {
    const lived = await runIngest(
      { 'report-gaps': reports('POLL_FAILED') },
      { poller: [fails(5, 'PermissionError', 'AWS denied a call')] },
    );

    expect(lived).toMatchObject({
      status: 'FAILED',
      error: 'PermissionError',
      cause: 'AWS denied a call',
    });
    expect(lived.states).toEqual(['Check Workbench', 'Poll', ...failurePath]);
  });

  it.each([
    ['poll-sensors', 'WorkbenchUnreachableError', ['Check Workbench', 'Poll']],
    ['record-poll', 'ContractError', ['Check Workbench', 'Poll', 'Record Poll']],
  ] as const)('in %s by %s reports, tells, and ends FAILED', async (task, error, before) => {
    const lived = await runIngest({
      [task]: raises(error),
      'report-gaps': reports('RUN_FAILED'),
    });

    expect(lived).toMatchObject({ status: 'FAILED', error });
    expect(lived.states).toEqual([...before, ...failurePath]);
  });

  it('because its report cannot be made tells that at least', async () => {
    const lived = await runIngest({ 'report-gaps': raises('PermissionError') });

    expect(lived).toMatchObject({ status: 'FAILED', error: 'PermissionError' });
    expect(lived.states.slice(-4)).toEqual(['Report Gaps', ...failurePath]);
    expect(lived.payloads['Notify Failure']).toMatchObject({
      troubles: [{ code: 'RUN_FAILED', count: 1 }],
      newestSilenceAt: null,
    });
  });

  it.each([
    ['DEVICE_SILENT', 'Notify Trouble'],
    ['WORKBENCH_STOPPED', 'Notify Failure'],
  ])('because nobody can be told of %s is never green', async (code, state) => {
    const lived = await runIngest({
      'notify-trouble': raises('PermissionError'),
      'report-gaps': reports(code),
      ...(state === 'Notify Failure' && { 'check-workbench': raises('WorkbenchStoppedError') }),
    });

    expect(lived.status).toBe('FAILED');
    expect(lived.states).toContain(state);
    expect(lived.states.at(-1)).toBe('Ingest Failed');
  });
});

describe('the definition of the ingest', () => {
  const asl = synthesizeIngest();
  const functions = Object.entries(ingestFunctionSeconds).map(([task, timeoutSeconds]) => ({
    task,
    arn: functionArn(task),
    environment: {},
    timeoutSeconds,
  }));

  it.each([
    'every Task has a timeout, retries failures of AWS with jitter, and catches everything',
    'a state waits longer than its function may run',
    'every task that waits for a token has a heartbeat, shorter than its timeout',
    'every failure tells its error and a sentence',
    'everything is JSONata, and the Map is inline with at most 40 at once',
  ] as const)('keeps the rule of the lifecycle: %s', (rule) => {
    expect(rules[rule](asl, functions)).toEqual([]);
  });

  it('is valid for another reader of the language', () => {
    expect(validateAsl(asl)).toMatchObject({ isValid: true });
  });

  it('leads to Another Run Is On by one error of one state only', () => {
    const ways = allStates(asl).flatMap(([name, { Catch = [], ...state }]) => [
      ...Catch.filter(({ Next }) => Next === 'Another Run Is On').map(
        ({ ErrorEquals }) => `${name}: ${ErrorEquals.join()}`,
      ),
      ...successors(state).filter((next) => next === 'Another Run Is On'),
    ]);

    expect(ways).toEqual(['Check Workbench: IngestBusyError']);
  });

  it('gives an execution more time than its states can take', () => {
    const waits = (policy: policies.RetryPolicy) =>
      Array.from({ length: policy.maxAttempts }, (_, attempt) =>
        Math.min(
          policy.interval.toSeconds() * policy.backoffRate ** attempt,
          policy.maxDelay?.toSeconds() ?? Infinity,
        ),
      ).reduce((sum, wait) => sum + wait, 0);
    const { awsUnavailable, lambdaFailed } = policies;
    const wait = waits(awsUnavailable) + waits(lambdaFailed);
    const calls = 1 + awsUnavailable.maxAttempts + lambdaFailed.maxAttempts;
    const seconds = ingestFunctionSeconds;
    const poll =
      (1 + awsUnavailable.maxAttempts) * (pollSeconds + pollEndSeconds) +
      lambdaFailed.maxAttempts * seconds['poll-sensors'] +
      wait;
    // The report and the mail are made twice where the first mail fails.
    const limits =
      seconds['check-workbench'] +
      seconds['record-poll'] +
      2 * (seconds['report-gaps'] + seconds['notify-trouble']);
    const others = calls * limits + 6 * wait;

    expect([poll, limits, others, poll + others]).toEqual([6663, 720, 10_458, 17_121]);
    expect(mostIngestHours * 3600).toBe(18_000);
  });
});
