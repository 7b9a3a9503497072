import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { schemes } from '../../../audit/graph/palette.ts';
import { writeReport } from '../../../audit/report/write-report.ts';
import { RunRecord } from '../../../audit/run-record.ts';
import { contrast } from '../contrast.ts';
import { readScene, sceneNames } from '../scenes/read-scene.ts';

const scenes = new Map(
  await Promise.all(sceneNames.map(async (name) => [name, await readScene(name)] as const)),
);
const scene = (name: (typeof sceneNames)[number]) => scenes.get(name)!;
const report = (name: (typeof sceneNames)[number]) => writeReport(scene(name));
const section = (html: string, id: string) =>
  new RegExp(`<section id="${id}".*?</section>`, 's').exec(html)?.[0] ?? '';
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/[\s\u00a0]+/g, ' ');
const tagsOf = (html: string) => [...html.matchAll(/<\/?([a-zA-Z][\w]*)/g)].map(([tag]) => tag);

describe.each(sceneNames)('the report of the run "%s"', (name) => {
  const html = report(name);

  it('applies no style but the one whose digest its policy names, and nothing else at all', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(html) ?? [];
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => text);

    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^ ;]+'; img-src data:/);
    expect(styles).toHaveLength(1);
    for (const style of styles) {
      expect(policy).toContain(createHash('sha256').update(style).digest('base64'));
    }
    expect(html).not.toMatch(/<script|<link|<img|<iframe|<object|<embed|@import|@font-face/i);
    expect(html).not.toMatch(/\s(?:style|src|on\w+)=/i);
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/\w:\/\/|url\(/);
  });

  it('has a caption for each table, one header in each row, a name for each landmark', () => {
    const count = (pattern: RegExp) => html.match(pattern)?.length ?? 0;
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    const wanted = [...html.matchAll(/(?:aria-labelledby="|href="#)([^"]+)"/g)].map(([, id]) => id);

    const bodies = [...html.matchAll(/<tbody>(.*?)(?=<tbody>|<\/table>)/gs)].map(
      ([, body]) => body,
    );
    const rows = bodies.flatMap((body = '') => body.split('<tr').slice(1));
    for (const row of rows)
      expect(row).toMatch(/^(?: class="group"><th colspan=\d scope=rowgroup>|><th>)/);
    expect(rows.join('').match(/<th/g)).toHaveLength(rows.length);
    expect(count(/<th[ >]/g)).toBe(count(/<th scope=col>/g) + rows.length);
    expect(count(/<caption>[^<]+<\/caption>/g)).toBe(count(/<table/g));
    expect(count(/<h1/g)).toBe(1);
    expect(count(/<main>/g)).toBe(1);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(wanted));
    expect(count(/<section /g)).toBe(10);
  });

  it('draws a bar for each step of each run', () => {
    const { states, runs } = scene(name).record;
    const stays = runs.flatMap(({ redrive }) =>
      states.filter(
        ({ type, tries, redrive: entered }) =>
          type === 'Task' &&
          (entered === redrive || tries.some((each) => each.redrive === redrive)),
      ),
    );

    const bars = section(html, 'timeline').match(/<g[^>]*><title>[^<]+<\/title>/g);

    expect(bars).toHaveLength(stays.length);
  });

  it('is the same each time, from a record that was written and read as well', () => {
    const { definition, record } = scene(name);
    const copy = RunRecord.parse(JSON.parse(JSON.stringify(record)));

    expect(report(name)).toBe(html);
    expect(writeReport({ definition, record: copy })).toBe(html);
  });

  it('tells each object with its digests, worker, attempts and outcome', () => {
    const groups = section(html, 'objects').split('<tr class="group">').slice(1);

    const { objects } = scene(name).record;
    expect(groups.join('').match(/<tr>/g) ?? []).toHaveLength(objects.length);
    for (const { objectId, bytes, sha256, result, state, attempts, claimedBy } of objects) {
      const group = groups.find((each) => each.includes(objectId)) ?? '';
      const row = group.split('\n').find((line) => line.includes(objectId)) ?? '';
      const told = [bytes, sha256, result?.bytes, result?.sha256, attempts === 1 ? '' : attempts];
      expect(row.replace('<tr><th>', '').split('<td>')).toEqual(
        [objectId, ...told].slice(0, row.split('<td>').length).map((each) => String(each ?? '')),
      );
      expect(row.split('<td>').length).toBe(attempts !== 1 ? 6 : result === undefined ? 3 : 5);
      const worker = claimedBy?.worker;
      expect(textOf(group)).toContain(`Outcome: ${state}`);
      if (worker) expect(group).toContain(`Worker: ${worker.index + 1}.${worker.attempt}`);
    }
  });

  it('has no canary, and claims neither compliance nor that no trace is left', () => {
    expect(/zebedee|quagmire|compliant|no trace/i.exec(html)).toBeNull();
    expect(/undefined|NaN|\[object/.exec(html)).toBeNull();
  });
});

it('tells a success in words', () => {
  const text = textOf(section(report('success'), 'summary'));

  expect(text).toContain('Outcome SUCCEEDED');
  expect(text).toContain('on 2 workers of type m7i.large with dedicated tenancy');
  expect(text).toContain('by operator (czarhipaa-operator), and ended SUCCEEDED');
  expect(text).toContain('Objects done 5 of 5');
  expect(text).toContain(
    'granted 2 times for this batch, each time to one machine, and used 8 times',
  );
});

it('tells a failure with its reason, its lost machine and its mail', () => {
  const html = report('failed');

  expect(textOf(section(html, 'summary'))).toContain('PIPELINE_REJECTED (BAD_ROW)');
  expect(textOf(section(html, 'summary'))).toContain('Machines were given up for: WorkerLostError');
  expect(section(html, 'timeline')).toContain('>caught, WorkerLostError<');
  expect(textOf(section(html, 'mails'))).toContain('failed the run failed');
});

it('tells the runs of a redriven execution apart', () => {
  const timeline = section(report('redriven'), 'timeline');

  expect(timeline.match(/<svg /g)).toHaveLength(2);
  expect(timeline).toContain('<h3>Redrive 1</h3>');
  // Fail Batch failed in the first run, and succeeded when it was redriven.
  expect(timeline.match(/<title>Fail Batch, [^<]*failed<\/title>/g)).toHaveLength(1);
  expect(timeline.match(/<title>Fail Batch, /g)).toHaveLength(2);
  expect(textOf(timeline)).toContain('1.1 (2)');
});

it('says what it cannot tell without an access log', () => {
  const { definition, record } = scene('success');

  const html = writeReport({ definition, record: { ...record, access: undefined } });

  expect(textOf(section(html, 'key'))).toContain('No access log was read');
  expect(textOf(section(html, 'evaporation'))).toContain('what existed is not listed here');
  expect(textOf(section(html, 'cost'))).toContain('history, as an approximation');
});

it('says that the objects are as another execution left them', () => {
  const { definition, record } = scene('success');
  const batch = { ...record.batch!, isOfThisExecution: false };

  const html = writeReport({ definition, record: { ...record, batch } });

  expect(html.match(/Another execution has opened/g)).toHaveLength(2);
});

it('lists the digests of templates and bundles', () => {
  const { definition, record } = scene('success');
  const digests = {
    templates: [{ name: 'Batch.template.json', sha256: 'a'.repeat(64) }],
    bundles: [{ name: 'asset.b', sha256: 'b'.repeat(64) }],
  };

  const sources = section(writeReport({ definition, record: { ...record, digests } }), 'sources');

  expect(sources).toContain(`<td>Batch.template.json<td>${'a'.repeat(64)}`);
  expect(sources).toContain(`<td>asset.b<td>${'b'.repeat(64)}`);
});

it('tells of an execution that still runs', () => {
  const { definition, record } = scene('success');
  const states = record.states.slice(0, 4).map((visit, index) => {
    return index === 3 ? { ...visit, ended: undefined, outcome: 'running' as const } : visit;
  });
  const { ended: _, ...execution } = { ...record.execution, status: 'RUNNING' as const };
  const runs = [{ redrive: 0, started: execution.started, status: 'RUNNING' as const }];
  const running = { ...record, execution, runs, states, workers: [], proofs: [], mails: [] };

  const html = writeReport({ definition, record: running });

  expect(textOf(section(html, 'summary'))).toContain('has not ended');
  expect(textOf(section(html, 'summary'))).toContain('Absence still running');
  expect(/NaN|Infinity|undefined/.exec(html)).toBeNull();
});

it('is written where the definition is another than that of the run, without the graph', () => {
  const { definition, record } = scene('success');
  const states = record.states.map((visit) =>
    visit.state === 'Open Batch' ? { ...visit, state: 'Open The Batch' } : visit,
  );

  const html = writeReport({ definition, record: { ...record, states } });

  expect(textOf(section(html, 'graph'))).toContain('The graph cannot be drawn');
  expect(section(html, 'objects')).toContain(record.objects[0]!.objectId);
});

describe('whatever stands in a record', () => {
  const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`;
  /** What chooses markup, or is computed with, can only be what the schema lists. */
  const closed = /^(?:state|type|outcome|status|kind|operations?|started|ended|scheduled|at)$|At$/;
  const poison = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return closed.test(key) ? value : value + hostile;
    if (Array.isArray(value)) return value.map((each) => poison(each, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([own, each]) => [own, poison(each, own)]));
  };

  it.each(sceneNames)('adds no tag to the report of the run "%s"', (name) => {
    const { definition, record } = scene(name);
    const digests = { templates: [{ name: 't', sha256: 'a' }], bundles: [] };
    const plain = writeReport({ definition, record: { ...record, digests } });

    const html = writeReport({
      definition,
      record: poison({ ...record, digests }) as typeof record,
    });

    expect(tagsOf(html)).toEqual(tagsOf(plain));
    expect(html.split('&lt;script&gt;').length).toBeGreaterThan(10);
  });
});

it.each([
  { name: 'failed', workers: 3 },
  { name: 'forty', workers: 40 },
] as const)(
  'takes less than 300 KB and a second for a thousand objects on $workers workers',
  ({ name }) => {
    const { definition, record } = scene(name);
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    const done = record.objects.filter(({ state }) => state === 'DONE');
    const failed = scene('failed').record.objects.find(({ state }) => state === 'FAILED')!;
    const objects = Array.from({ length: 1000 }, (_, index) => ({
      ...done[index % done.length]!,
      objectId: digest(`${index}`).slice(0, 21),
      bytes: 5_242_880 + index,
      sha256: digest(`in ${index}`),
      result: { bytes: 40_960, sha256: digest(`out ${index}`) },
      attempts: index % 20 === 0 ? 2 : 1,
      ...(index % 200 === 0 && { ...failed, objectId: digest(`${index}`).slice(0, 21) }),
    }));

    const html = writeReport({ definition, record: { ...record, objects } });

    expect(record.workers.length).toBe(name === 'forty' ? 40 : 3);
    expect(section(html, 'objects').match(/<tr><th>/g)).toHaveLength(1000);
    expect(Buffer.byteLength(html)).toBeLessThan(300_000);
  },
);

it.each(['light', 'dark'] as const)('has text on bars that contrasts 4.5 : 1 when %s', (name) => {
  const { back, looks } = schemes[name];

  for (const look of ['succeeded', 'failed', 'caught', 'aborted', 'running'] as const) {
    expect(contrast(back, looks[look].line), look).toBeGreaterThanOrEqual(4.5);
  }
});
