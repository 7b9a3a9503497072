import { beforeEach, describe, expect, it } from 'vitest';
import { consoleOf, hashOf, type RecordedStudy, recordedStudy } from './recorded-study.ts';

let study: RecordedStudy;
let go: () => void;
/** Lets the pause between two looks pass. */
const pass = () => go();
const sleep = (_ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    go = resolve;
    signal.addEventListener('abort', () => resolve());
  });

beforeEach(async () => {
  study = await recordedStudy();
});

interface Message {
  readonly event: string;
  readonly data: unknown;
}

/** Reads messages of a stream, up to and with the next of a kind. */
function follow(answer: Response) {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const queue: Message[] = [];
  return {
    async upTo(kind: string): Promise<Message[]> {
      for (;;) {
        const at = queue.findIndex(({ event }) => event === kind);
        if (at >= 0) return queue.splice(0, at + 1);
        const { value, done } = await reader.read();
        if (done) return queue.splice(0);
        text += value;
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const event = /^event: (.*)$/m.exec(part)?.[1];
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (event !== undefined) queue.push({ event, data: JSON.parse(data!) as unknown });
        }
      }
    },
    ended: async () => (await reader.read()).done,
    leave: () => reader.cancel(),
  };
}

const fragments = (messages: readonly Message[]): Record<string, string> =>
  Object.fromEntries(
    messages
      .filter(({ event }) => event === 'fragment')
      .map(({ data }) => Object.values(data as { id: string; html: string }) as [string, string]),
  );

describe('the stream of a run', () => {
  it('sends what changed, says the states aloud, and ends with the run', async () => {
    const run = study.run('success');
    const { known, status, ended } = run;
    Object.assign(run, { status: 'RUNNING', known: 6, ended: undefined });
    const { get } = consoleOf(study.sources(), sleep);
    const stream = follow(await get(`/runs/${hashOf(run)}/live?view=table`));

    const first = await stream.upTo('well');
    run.known = 20;
    pass();
    const second = await stream.upTo('well');
    Object.assign(run, { status, known, ended });
    pass();
    const last = await stream.upTo('ended');

    expect(Object.keys(fragments(first)).toSorted()).toEqual(['run-body', 'run-head']);
    expect(fragments(first)['run-head']).toContain('data-status="RUNNING"');
    expect(fragments(second)['run-body']).toContain('Notify Working');
    expect(second.find(({ event }) => event === 'said')?.data).toMatch(
      /: (?:in progress|succeeded)$/,
    );
    expect(fragments(last)['run-head']).toContain('data-status="SUCCEEDED"');
    expect(last.find(({ event }) => event === 'said')?.data).toBe('Run: Succeeded');
    expect(await stream.ended()).toBe(true);
  });

  it('says the reason of a run that fails', async () => {
    const run = study.run('refused');
    const { known, status, ended } = run;
    Object.assign(run, { status: 'RUNNING', known: 3, ended: undefined });
    const { get } = consoleOf(study.sources(), sleep);
    const stream = follow(await get(`/runs/${hashOf(run)}/live?view=graph`));
    await stream.upTo('well');

    Object.assign(run, { status, known, ended });
    pass();
    const last = await stream.upTo('ended');

    expect(last.find(({ event }) => event === 'said')?.data).toContain(
      'Run: Failed. Validate Request failed',
    );
  });

  it('asks Step Functions once for two viewers, and only for what is new', async () => {
    const run = study.run('success');
    Object.assign(run, { status: 'RUNNING', known: 6, ended: undefined });
    const { get } = consoleOf(study.sources(), sleep);
    const address = `/runs/${hashOf(run)}/live`;
    const asked = () =>
      study.sent().filter(({ name }) => name === 'GetExecutionHistoryCommand').length;

    const graph = follow(await get(`${address}?view=graph`));
    const events = follow(await get(`${address}?view=events`));
    await Promise.all([graph.upTo('well'), events.upTo('well')]);
    expect(asked()).toBe(1);
    run.known = 20;
    pass();
    await Promise.all([graph.upTo('well'), events.upTo('well')]);

    expect(asked()).toBe(2);
  });

  it('tells of trouble in one sentence, and goes on', async () => {
    const run = study.run('success');
    Object.assign(run, { status: 'RUNNING', known: 6, ended: undefined });
    const { get } = consoleOf(study.sources(), sleep);
    const stream = follow(await get(`/runs/${hashOf(run)}/live?view=graph`));
    await stream.upTo('well');
    study.trouble = Object.assign(new Error('CANARY'), { code: 'ECONNREFUSED' });

    pass();
    const [trouble] = (await stream.upTo('trouble')).slice(-1);
    study.trouble = undefined;
    pass();
    await stream.upTo('well');

    expect(trouble?.data).toBe('The deployment cannot be reached (ECONNREFUSED).');
  });

  it('is not offered of a run that has ended', async () => {
    const { text } = consoleOf(study.sources());
    const run = study.run('success');

    expect(await text(`/runs/${hashOf(run)}`)).not.toContain('data-live');
    run.status = 'RUNNING';
    expect(await text(`/runs/${hashOf(run)}`)).toContain(
      `data-live="/runs/${hashOf(run)}/live?view=graph"`,
    );
  });
});

describe('the stream of the list', () => {
  it('sends the list again when a run is there that was not', async () => {
    const { get, post } = consoleOf(study.sources(), sleep);
    const stream = follow(await get('/runs/live'));
    await stream.upTo('well');
    await post('/start', { batchId: 'bcdfghjkw', pipeline: 'vitals-summary' });

    pass();
    const messages = await stream.upTo('well');

    expect(fragments(messages)['run-list']).toContain('data-status="RUNNING"');
    expect(messages.find(({ event }) => event === 'said')?.data).toMatch(
      /^Run [0-9a-f]{12}: Running$/,
    );
  });

  it('is asked for no more once its viewer has gone', async () => {
    const { get } = consoleOf(study.sources(), sleep);
    const stream = follow(await get('/runs/live'));
    await stream.upTo('well');
    const asked = () => study.sent().filter(({ name }) => name === 'ListExecutionsCommand').length;
    const before = asked();

    await stream.leave();
    pass();
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(asked()).toBe(before);
  });
});
