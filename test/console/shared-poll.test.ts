import { describe, expect, it } from 'vitest';
import { SharedPoll, type Update } from '../../console/live/shared-poll.ts';

/** A thing that is looked at, and time that passes when a test says so. */
function stage(views: (number | Error)[]) {
  const pauses: number[] = [];
  let looks = 0;
  let go: () => void = () => undefined;
  const polled = {
    look: () => {
      const view = views[Math.min(looks, views.length - 1)]!;
      looks += 1;
      return view instanceof Error ? Promise.reject(view) : Promise.resolve(view);
    },
    versionOf: String,
    hasEnded: (view: number) => view === 9,
  };
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      pauses.push(ms);
      go = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  const poll = new SharedPoll<number>(polled, { leastMs: 100, mostMs: 300 }, sleep);
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    poll,
    pauses,
    looks: () => looks,
    /** Lets one pause pass. */
    pass: async () => {
      await settle();
      go();
      await settle();
    },
    settle,
  };
}

function viewer(poll: SharedPoll<number>) {
  const seen: Update<number>[] = [];
  const gone = new AbortController();
  const done = (async () => {
    for await (const update of poll.watch(gone.signal)) seen.push(update);
  })();
  const told = () =>
    seen.map((each) => (each.kind === 'trouble' ? each.kind : `${each.kind} ${each.view}`));
  return { told, leave: () => gone.abort(), done };
}

describe('a poll that viewers share', () => {
  it('looks once for two viewers, and tells both', async () => {
    const { poll, looks, pass, settle } = stage([1, 2]);
    const [one, other] = [viewer(poll), viewer(poll)];
    await settle();
    expect(looks()).toBe(1);

    await pass();

    expect(looks()).toBe(2);
    expect(one.told()).toEqual(['seen 1', 'seen 2']);
    expect(other.told()).toEqual(['seen 1', 'seen 2']);
  });

  it('tells whoever comes later what it saw last, without a look of its own', async () => {
    const { poll, looks, settle } = stage([1]);
    viewer(poll);
    await settle();

    const late = viewer(poll);
    await settle();

    expect(late.told()).toEqual(['seen 1']);
    expect(looks()).toBe(1);
  });

  it('looks less often while nothing changes, and often again after a change', async () => {
    const { poll, pauses, pass } = stage([1, 1, 1, 1, 1, 2]);
    viewer(poll);

    for (let look = 0; look < 5; look += 1) await pass();

    expect(pauses.map(Math.round)).toEqual([100, 150, 225, 300, 300, 100]);
  });

  it('says nothing where nothing changed', async () => {
    const { poll, pass } = stage([1, 1, 2]);
    const { told } = viewer(poll);

    await pass();
    await pass();

    expect(told()).toEqual(['seen 1', 'seen 2']);
  });

  it('stops when the last viewer leaves, and looks anew for the next one', async () => {
    const { poll, looks, pass, settle } = stage([1, 2]);
    const first = viewer(poll);
    await settle();
    first.leave();
    await first.done;
    await pass();
    expect(looks()).toBe(1);
    expect(poll.viewers).toBe(0);

    const next = viewer(poll);
    await settle();

    expect(looks()).toBe(2);
    expect(next.told()).toEqual(['seen 2']);
  });

  it('goes on for one viewer when the other leaves', async () => {
    const { poll, looks, pass, settle } = stage([1, 2]);
    const [one, other] = [viewer(poll), viewer(poll)];
    await settle();

    one.leave();
    await one.done;
    await pass();

    expect(other.told()).toEqual(['seen 1', 'seen 2']);
    expect(looks()).toBe(2);
  });

  it('ends with the end, for everybody, and does not look again', async () => {
    const { poll, looks, pass } = stage([1, 9]);
    const [one, other] = [viewer(poll), viewer(poll)];

    await pass();
    await Promise.all([one.done, other.done]);
    await pass();

    expect(one.told()).toEqual(['seen 1', 'ended 9']);
    expect(other.told()).toEqual(['seen 1', 'ended 9']);
    expect(looks()).toBe(2);
  });

  it('tells of trouble, tries again with longer pauses, and shows the same view again', async () => {
    const { poll, pauses, pass } = stage([1, new Error('no'), new Error('no'), 1]);
    const { told } = viewer(poll);

    for (let look = 0; look < 3; look += 1) await pass();

    expect(told()).toEqual(['seen 1', 'trouble', 'trouble', 'seen 1']);
    expect(pauses.map(Math.round)).toEqual([100, 150, 225, 100]);
  });
});
