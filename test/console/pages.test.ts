import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { markup, write } from '../../console/page/markup.ts';
import { consoleOf, hashOf, type RecordedStudy, recordedStudy } from './recorded-study.ts';

let study: RecordedStudy;
let folder: string;
let accessLog: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-console-'));
  accessLog = join(folder, 'access.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  study = await recordedStudy();
  await writeFile(accessLog, study.calls.map((call) => JSON.stringify(call)).join('\n'));
});

describe('a text', () => {
  it('is inert in markup, wherever it stands', () => {
    const evil = `"><script>alert('x')</script>`;

    const html = write(markup`<p title=${evil} data-x=${evil}>${evil}${[evil]}</p>`);

    expect(html).not.toContain('<script>');
    expect(html.match(/<p /g)).toHaveLength(1);
    expect(html.match(/&quot;>/g)?.length).toBe(4);
  });

  it.each([
    '/runs?status=<script>CANARY</script>',
    '/runs?page=',
    '/batches?page=<script>CANARY</script>',
    '/batches/<script>CANARY</script>',
    '/batches/brzxjfhjq?state=CANARY',
    '/batches/brzxjfhjq?after=CANARY',
    '/runs/CANARY',
    '/CANARY',
    '/questions?principal=<script>CANARY</script>&from=CANARY&run=CANARY',
    '/questions/key?run=CANARY',
    '/questions/leftovers?look=CANARY',
    '/start?batch=CANARY',
  ])('that cannot be is not repeated: %s', async (path) => {
    const { get } = consoleOf(study.sources({ accessLog }));

    const page = await (await get(path)).text();

    expect(page).not.toContain('CANARY');
    expect(page).not.toContain('<script>');
  });
});

describe('what a person typed into AWS', () => {
  it('is on no page: names, inputs, outputs, causes, errors', async () => {
    const run = study.run('failed');
    const batchId = 'jzkwnpqgz';
    run.executionArn = run.executionArn.replace(/[^:]+$/, 'CANARY-of-John-Smith');
    run.input = JSON.stringify({ batchId, ticket: 'CANARY', note: 'CANARY' });
    run.cause = 'CANARY';
    for (const event of run.events) {
      for (const details of Object.values(event)) {
        if (typeof details === 'object' && details !== null) {
          Object.assign(details, { cause: 'CANARY', input: 'CANARY' });
        }
      }
    }
    const stopped = study.run('aborted');
    stopped.error = 'CANARY';
    const item = study.items.find((one) => one.batchId === batchId && one.item === 'BATCH')!;
    item.executionArn = run.executionArn;
    const { get } = consoleOf(study.sources({ accessLog }));
    const hash = hashOf(run);
    const paths = [
      '/runs',
      ...['', '/table', '/events', '/evidence'].map((view) => `/runs/${hash}${view}`),
      `/runs/${hashOf(stopped)}`,
      '/batches',
      `/batches/${batchId}`,
      '/mails',
      '/start',
      `/questions?run=${hash}`,
    ];

    for (const path of paths) {
      const answer = await get(path);
      const page = await answer.text();

      expect(answer.status, path).toBe(200);
      expect(page, path).not.toContain('CANARY');
      expect(page, path).not.toContain('Smith');
    }
  });
});

describe('long lists', () => {
  it('tell every object of a batch once, page by page', async () => {
    const batchId = 'brzxjfhjq';
    const [like] = study.items.filter((one) => one.batchId === batchId && one.item !== 'BATCH');
    const ids = mintedIds(250);
    study.items.splice(
      0,
      study.items.length,
      ...study.items.filter((one) => one.item === 'BATCH'),
      ...ids.map((id) => ({ ...like, item: `OBJECT#${id}` })),
      { batchId, item: 'QUEUE#behind' },
    );
    const { text } = consoleOf(study.sources());
    const seen: string[] = [];
    const sizes: number[] = [];
    let path: string | undefined = `/batches/${batchId}`;

    while (path !== undefined) {
      const page: string = await text(path);
      const rows = [...page.matchAll(/<th scope="row"><code>([a-z]{21})</g)].map(([, id]) => id!);
      seen.push(...rows);
      sizes.push(rows.length);
      path = /<a href="([^"]+)" rel="next">/.exec(page)?.[1];
    }

    expect(sizes).toEqual([100, 100, 50]);
    expect(seen).toEqual(ids);
  });

  it('tell every run once, newest first', async () => {
    const [like] = study.executions;
    for (let number = 0; number < 60; number += 1) {
      const executionArn = `${like!.executionArn}-${number}`;
      const started = new Date(Date.UTC(2026, 9, 1, 0, number)).toISOString();
      study.executions.push({ ...like!, executionArn, started });
    }
    const { text } = consoleOf(study.sources());
    const seen: string[] = [];
    let path: string | undefined = '/runs';

    while (path !== undefined) {
      const page: string = await text(path);
      seen.push(
        ...[...page.matchAll(/<tr [^>]*data-run="([0-9a-f]{12})"/g)].map(([, run]) => run!),
      );
      path = /<a href="([^"]+)" rel="next">/.exec(page)?.[1];
    }

    const newestFirst = study.executions.toSorted(
      (a, b) => Date.parse(b.started) - Date.parse(a.started),
    );
    expect(seen).toEqual(newestFirst.map(hashOf));
  });

  it('tell those of one status where that is asked for', async () => {
    const { text } = consoleOf(study.sources());

    const page = await text('/runs?status=FAILED');

    const states = [...page.matchAll(/<tr [^>]*data-status="([A-Z_]+)"/g)].map(
      ([, state]) => state,
    );
    expect(states).toEqual(['FAILED', 'FAILED']);
  });
});

describe('a question', () => {
  it('is answered from the access log, with the command that gives the same', async () => {
    const { text } = consoleOf(study.sources({ accessLog }));

    const page = await text('/questions?run=brzxjfhjq');

    expect(page).toMatch(/<p id="answer">\d+ calls: \d+ allowed, 0 denied, 0 failed\./);
    expect(page).toContain('czar audit access --run brzxjfhjq --access-log');
    expect(page).toContain('kms:GenerateDataKey');
  });

  it('says that there is nothing to ask where there is no access log', async () => {
    const { text } = consoleOf(study.sources());

    expect(await text('/questions')).toContain('This console has no access log to ask');
    expect(await text('/questions/key')).toContain('This console has no access log to ask');
  });

  it('names the field that cannot be asked of', async () => {
    const { text } = consoleOf(study.sources({ accessLog }));

    const page = await text('/questions?object=x&from=yesterday');

    expect(page).toContain('id="object-fault"');
    expect(page).toContain('id="from-fault"');
    expect(page).not.toContain('id="answer"');
  });
});

describe('what goes wrong', () => {
  it.each([
    [
      'AWS denies',
      Object.assign(new Error('CANARY'), { name: 'AccessDeniedException' }),
      502,
      'DENIED',
    ],
    [
      'AWS is away',
      Object.assign(new Error('CANARY'), { code: 'ECONNREFUSED' }),
      503,
      'UNAVAILABLE',
    ],
    ['the console has a defect', new TypeError('CANARY'), 500, 'DEFECT'],
  ])('is a page with a code and a sentence when %s', async (_what, error, status, code) => {
    study.trouble = error;
    const { get } = consoleOf(study.sources());

    const answer = await get(`/runs/${hashOf(study.run('success'))}`);

    const page = await answer.text();
    expect(answer.status).toBe(status);
    expect(page).toContain(`<code>${code}</code>`);
    expect(page).not.toMatch(/CANARY|\.ts|node_modules| at /);
  });
});

/** Ids with their check letters, sorted. */
function mintedIds(count: number): string[] {
  const alphabet = 'bcdfghjkmnpqrstvwxz';
  return Array.from({ length: count }, (_, number) => {
    const body = `${'b'.repeat(17)}${[361, 19, 1].map((of) => alphabet[Math.floor(number / of) % 19]).join('')}`;
    let sum = 0;
    for (const [position, letter] of Array.from(body).entries()) {
      sum += alphabet.indexOf(letter) * ((position % 18) + 1);
    }
    return body + alphabet[sum % 19]!;
  });
}
