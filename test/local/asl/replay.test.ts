import { describe, expect, test } from 'vitest';
import { TaskFailedError } from '../../../local/asl/failure.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { TaskCall } from '../../../local/asl/runtime.ts';
import { ReplayError } from '../../../local/asl/turns.ts';
import { live, type Entry, type World } from './crashing.ts';
import { machine, typesOf } from './harness.ts';

const INVOKE = 'arn:aws:states:::lambda:invoke';

/** Of everything that can be under way at a crash one: retries, tokens, heartbeats, waits, catches, a cut branch. */
const LIFECYCLE = machine(
  {
    Settle: { Type: 'Wait', Seconds: 10, Next: 'Workers' },
    Workers: {
      Type: 'Map',
      Items: [0, 1, 2],
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'Launch',
        States: {
          Launch: {
            Type: 'Task',
            Resource: INVOKE,
            Arguments: {
              FunctionName: 'launch',
              Payload: { item: '{% $states.input %}', id: '{% $uuid() %}' },
            },
            Retry: [
              {
                ErrorEquals: ['Throttled'],
                IntervalSeconds: 5,
                MaxAttempts: 3,
                BackoffRate: 2,
                JitterStrategy: 'FULL',
              },
            ],
            Output: '{% $states.result.item %}',
            Assign: { launched: '{% $millis() %}' },
            Next: 'Process',
          },
          Process: {
            Type: 'Task',
            Resource: `${INVOKE}.waitForTaskToken`,
            TimeoutSeconds: 600,
            HeartbeatSeconds: 60,
            Arguments: {
              FunctionName: 'process',
              Payload: { item: '{% $states.input %}', token: '{% $states.context.Task.Token %}' },
            },
            Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Next: 'Lost' }],
            End: true,
          },
          Lost: { Type: 'Pass', Output: '{% $launched %}', End: true },
        },
      },
      Next: 'Close',
    },
    Close: {
      Type: 'Parallel',
      Branches: [
        {
          StartAt: 'Fails',
          States: {
            Fails: {
              Type: 'Task',
              Resource: INVOKE,
              Arguments: { FunctionName: 'fail' },
              End: true,
            },
          },
        },
        { StartAt: 'Is Cut', States: { 'Is Cut': { Type: 'Wait', Seconds: 3600, End: true } } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Assign: { now: '{% $now() %}' }, Next: 'Tell' }],
      End: true,
    },
    Tell: { Type: 'Pass', Output: { at: '{% $now %}', chance: '{% $random() %}' }, Next: 'Failed' },
    Failed: { Type: 'Fail', Error: 'Batch', Cause: '{% $string($states.input.chance) %}' },
  },
  { TimeoutSeconds: 86_400 },
);

/** Services that answer at fixed times whoever asks; a request that is made again gets the same answer. */
function services({ clock, tokens, until }: World): (call: TaskCall) => Promise<Json> {
  const working = new Set<string>();

  async function work(item: number, token: string): Promise<void> {
    if (working.has(token)) return;
    working.add(token);
    await until(60 + item);
    tokens.sendTaskHeartbeat(token);
    // The third worker is not heard of again.
    if (item === 2) return;
    await until(100 + item);
    tokens.sendTaskSuccess(token, JSON.stringify({ item }));
  }

  return async ({ stateName, parameters, taskToken }) => {
    const payload = (parameters as { Payload?: { item?: number } }).Payload;
    const item = payload?.item ?? 0;
    if (stateName === 'Launch') {
      await until(12 + item);
      if (item === 1 && clock.now().getUTCSeconds() < 14)
        throw new TaskFailedError({ error: 'Throttled' });
      return payload ?? null;
    }
    if (stateName === 'Process') {
      work(item, taskToken ?? '').catch(() => undefined);
      await until(30 + item);
      return 'submitted';
    }
    await until(300);
    throw new Error('a runner that breaks down');
  };
}

const undisturbed = await live(LIFECYCLE, services);
const moments = undisturbed.entries.map((entry, i) => {
  const what = 'event' in entry ? entry.event.type : `input ${entry.input.kind}`;
  return [i + 1, what] as const;
});

test('the undisturbed run goes through everything that a crash can interrupt', () => {
  const types = typesOf(undisturbed.history);

  expect(undisturbed.outcome).toMatchObject({ status: 'FAILED', error: 'Batch' });
  expect(types).toEqual(
    expect.arrayContaining(['TaskTimedOut', 'TaskSubmitted', 'WaitStateAborted', 'TaskFailed']),
  );
  expect(undisturbed.requests.filter((name) => name === 'Launch').length).toBeGreaterThan(3);
});

describe('an execution that goes on from its journal', () => {
  test.each(moments)('has the same history when it crashed after entry %i, %s', async (k) => {
    const crashed = await live(LIFECYCLE, services, [k]);

    expect(crashed.history).toEqual(undisturbed.history);
    expect(crashed.outcome).toEqual(undisturbed.outcome);
    expect(crashed.entries).toEqual(undisturbed.entries);
  });

  test('has the same history after a crash at every third entry', async () => {
    const crashes = moments.map(([k]) => k).filter((k) => k % 3 === 0);

    const crashed = await live(LIFECYCLE, services, crashes);

    expect(crashed.entries).toEqual(undisturbed.entries);
  });

  test.each([8, 30, 60])('survives three crashes in a row after entry %i', async (k) => {
    const crashed = await live(LIFECYCLE, services, [k, k, k]);

    expect(crashed.entries).toEqual(undisturbed.entries);
  });

  test('asks again for nothing that was answered', async () => {
    const answered = undisturbed.entries.findIndex(
      (entry) => 'event' in entry && entry.event.type === 'TaskSubmitted',
    );

    const crashed = await live(LIFECYCLE, services, [undisturbed.entries.length - 1]);
    const early = await live(LIFECYCLE, services, [answered + 1]);

    expect(crashed.requests).toEqual(undisturbed.requests);
    expect(early.requests.filter((name) => name === 'Launch')).toHaveLength(
      undisturbed.requests.filter((name) => name === 'Launch').length,
    );
    expect(early.requests.filter((name) => name === 'Process')).toHaveLength(5);
  });
});

describe('a journal that tells of something else', () => {
  const without = (kind: string) => (entries: readonly Entry[]) => {
    const gone = entries.findIndex((entry) => 'input' in entry && entry.input.kind === kind);
    return entries.filter((_entry, i) => i !== gone);
  };
  const late = (entries: readonly Entry[]) =>
    entries.map((entry) =>
      'input' in entry && entry.input.kind === 'result'
        ? { input: { ...entry.input, value: 'something else' } }
        : entry,
    );
  const strange = (entries: readonly Entry[]): Entry[] => [
    ...entries,
    { input: { kind: 'fired', operation: 10_000, atMs: 0 } },
  ];

  test.each([
    ['an answer is missing', without('result'), /event \d+ is not the journaled|did not happen/],
    ['a timer is missing', without('fired'), /nothing waits|did not happen|is not the journaled/],
    ['an answer was another one', late, /is not the journaled/],
    ['an input answers nothing', strange, /nothing waits for the journaled input fired/],
  ])('is refused when %s', async (_title, spoil, problem) => {
    const restored = live(LIFECYCLE, services, [60], spoil);

    await expect(restored).rejects.toThrow(ReplayError);
    await expect(restored).rejects.toThrow(problem);
  });

  test('makes no request', async () => {
    const requests: string[] = [];
    const counted = (world: World) => {
      const run = services(world);
      return (call: TaskCall) => {
        requests.push(call.stateName);
        return run(call);
      };
    };

    await live(LIFECYCLE, counted, [40], late).catch(() => undefined);
    const before = requests.length;

    expect(before).toBeLessThan(undisturbed.requests.length);
    expect(requests.filter((name) => name === 'Fails')).toEqual([]);
  });
});
