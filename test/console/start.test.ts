import { beforeEach, describe, expect, it } from 'vitest';
import { commandLine, readForm } from '../../console/start/read-form.ts';
import { consoleOf, keys, origin, type RecordedStudy, recordedStudy } from './recorded-study.ts';

const batchId = 'bcdfghjkw';
const asked = { batchId, pipeline: 'vitals-summary', workers: '3', ticket: 'ABC-12' } as const;

let study: RecordedStudy;
beforeEach(async () => {
  study = await recordedStudy();
  const createdAt = '2026-11-23T22:00:00.000Z';
  study.items.push({ batchId, item: 'BATCH', kind: 'BATCH', state: 'SEALED', createdAt });
});
const started = () => study.sent().filter(({ name }) => name === 'StartExecutionCommand');

describe('starting a run', () => {
  it('starts what the form asks for, and leads to the run', async () => {
    const { post, get } = consoleOf(study.sources());

    const answer = await post('/start', asked);

    const [{ input } = { input: {} }] = started();
    expect(JSON.parse((input as { input: string }).input)).toEqual({ ...asked, workers: 3 });
    expect(answer.status).toBe(303);
    const run = await get(answer.headers.get('location')!);
    expect(run.status).toBe(200);
    expect(await run.text()).toContain('data-status="RUNNING"');
  });

  it('offers the batches that are sealed, and the pipelines', async () => {
    const { text } = consoleOf(study.sources());

    const page = await text(`/start?batch=${batchId}`);

    expect(page).toContain(`<option value="${batchId}" selected`);
    expect(page).not.toContain('<option value="brzxjfhjq"');
    expect(page).toContain('<option value="vitals-summary"');
    expect(page).not.toContain('<option value="plot"');
  });

  it('shows the input and the command of what was typed, and starts nothing', async () => {
    const { post } = consoleOf(study.sources());

    const page = await (await post('/start/preview', asked)).text();

    expect(page).toContain(
      'czar start bcdfghjkw --pipeline vitals-summary --workers 3 --ticket ABC-12',
    );
    expect(page).toContain('&quot;workers&quot;: 3');
    expect(started()).toEqual([]);
  });

  it.each([
    ['batchId', 'johnsmith'],
    ['pipeline', 'Johns Pipeline'],
    ['pipeline', 'john-smith'],
    ['workers', 'CANARY'],
    ['workers', '0'],
    ['tenancy', 'CANARY'],
    ['instanceType', 'CANARY'],
    ['maxMinutes', '4'],
    ['tolerateFailedObjects', '-1'],
    ['ticket', '<script>alert(1)</script>'],
  ])('names the field %s where it cannot be, and never repeats it', async (field, value) => {
    const { post } = consoleOf(study.sources());

    const answer = await post('/start', { ...asked, [field]: value });

    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(page).toContain(`<a href="#${field}">`);
    expect(page).toContain(`id="${field}-fault"`);
    if (value.length > 2) expect(page.toLowerCase()).not.toContain(value.toLowerCase());
    expect(page).not.toContain('<script>alert');
    expect(started()).toEqual([]);
  });

  it('wants what the command wants: a field that is left empty is not in the request', () => {
    const { request } = readForm({ batchId, pipeline: 'vitals-summary', workers: ' ', ticket: '' });

    expect(request).toEqual({ batchId, pipeline: 'vitals-summary' });
    expect(commandLine(request!)).toBe('czar start bcdfghjkw --pipeline vitals-summary');
  });
});

describe('a form of another page', () => {
  it.each([
    ['another origin', { origin: 'http://evil.example' }, {}],
    ['another origin on this machine', { origin: 'http://127.0.0.1:9999' }, {}],
    ['no origin that a browser vouches for', { origin: 'null' }, {}],
    ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }, {}],
    ['a site beside it', { 'sec-fetch-site': 'same-site' }, {}],
    ['no key', {}, { 'form-key': '' }],
    ['the token as its key', {}, { 'form-key': keys.token }],
  ])('is refused: %s', async (_what, headers, form) => {
    const { post } = consoleOf(study.sources());

    for (const path of ['/start', '/start/preview']) {
      const answer = await post(path, { ...asked, ...form }, headers);

      expect(answer.status).toBe(403);
    }
    expect(started()).toEqual([]);
  });

  it.each([
    ['a form under no-referrer', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['a browser without Sec-Fetch-Site', { origin }],
  ])('is told from one of its own: %s', async (_what, headers) => {
    const { post } = consoleOf(study.sources());

    expect((await post('/start', asked, headers)).status).toBe(303);
  });
});

describe('against AWS', () => {
  it('has no route that starts anything, and says why', async () => {
    const { post, text } = consoleOf(
      study.sources({ embedded: undefined, place: 'AWS, eu-central-1' }),
    );

    for (const path of ['/start', '/start/preview']) {
      expect((await post(path, asked)).status).toBe(404);
    }
    const page = await text('/start');

    expect(page).toContain('This console is read-only');
    expect(page).not.toContain('<form');
    expect(started()).toEqual([]);
  });

  it('sends Step Functions nothing but questions, whatever page is asked for', async () => {
    const { get } = consoleOf(study.sources({ embedded: undefined }));

    for (const path of ['/runs', '/start', '/batches', '/mails', '/sensors', '/questions']) {
      expect((await get(path)).status).toBe(200);
    }

    const names = study.sent().map(({ name }) => name);
    expect(names.filter((name) => !/^(?:List|Describe|Get)/.test(name))).toEqual([]);
  });
});
