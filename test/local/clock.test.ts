import { describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '../../local/clock.ts';

describe('VirtualClock', () => {
  test('stands still until it is moved', async () => {
    const clock = new VirtualClock(new Date('2026-03-01T00:00:00Z'));

    await clock.advance(90_000);

    expect(clock.now()).toEqual(new Date('2026-03-01T00:01:30Z'));
  });

  test('fires timers in the order in which they are due, at their own time', async () => {
    const clock = new VirtualClock(new Date(0));
    const fired: string[] = [];
    const note = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      fired.push(`${name}@${clock.now().getTime()}`);
    };

    void note('late', 3_000);
    void note('early', 1_000);
    void note('never', 9_000);
    await clock.advance(5_000);

    expect(fired).toEqual(['early@1000', 'late@3000']);
  });

  test('fires a timer that another one sets while time passes', async () => {
    const clock = new VirtualClock(new Date(0));
    let rounds = 0;
    const loop = async (): Promise<void> => {
      for (; rounds < 100; rounds++) await clock.sleep(60_000);
    };

    void loop();
    await clock.runUntilIdle();

    expect(rounds).toBe(100);
    expect(clock.now().getTime()).toBe(6_000_000);
  });

  test('rejects a sleep that is aborted, before and while it waits', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const reason = new Error('stopped');

    const waiting = clock.sleep(1_000, stop.signal);
    stop.abort(reason);

    await expect(waiting).rejects.toBe(reason);
    await expect(clock.sleep(1_000, stop.signal)).rejects.toBe(reason);
    await clock.runUntilIdle();
  });

  test('does not wait for zero or negative times', async () => {
    const clock = new VirtualClock(new Date(0));

    await clock.sleep(0);
    await clock.sleep(-5);

    expect(clock.now().getTime()).toBe(0);
  });
});

describe('systemClock', () => {
  test('sleeps as long as it is told', async () => {
    const before = systemClock.now().getTime();

    await systemClock.sleep(20);

    expect(systemClock.now().getTime() - before).toBeGreaterThanOrEqual(19);
  });

  test('keeps waiting beyond the longest timer that Node has', async () => {
    const stop = new AbortController();
    let woke = false;

    const waiting = systemClock.sleep(3 * 2 ** 31, stop.signal).then(() => (woke = true));
    await systemClock.sleep(20);
    stop.abort(new Error('stopped'));

    await expect(waiting).rejects.toThrow('stopped');
    expect(woke).toBe(false);
  });
});
