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

  it('applies no style but those whose digests its policy names, and nothing else at all', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(html) ?? [];
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => text);

    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-\S+' 'sha256-\S+'; img-src data:/,
    );
    expect(styles).toHaveLength(2);
    for (const style of styles) {
      expect(policy).toContain(createHash('sha256').update(style).digest('base64'));
    }
    expect(html).not.toMatch(/<script|<link|<img|<iframe|<object|<embed|@import|@font-face/i);
    expect(html).not.toMatch(/\s(?:style|src|on\w+)=/i);
    expect(html.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/\w:\/\/|url\(/);
  });

  it('has a caption for each table, a scope for each header, a name for each landmark', () => {
    const count = (pattern: RegExp) => html.match(pattern)?.length ?? 0;
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    const wanted = [...html.matchAll(/(?:aria-labelledby="|href="#)([^"]+)"/g)].map(([, id]) => id);

    expect(count(/<th scope=(?:col|row)>/g)).toBe(count(/<th[ >]/g));
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
    const objects = section(html, 'objects');

    for (const { objectId, sha256, result, state } of scene(name).record.objects) {
      const row = objects.split('\n').find((line) => line.includes(objectId)) ?? '';
      expect(row).toContain(`<td>${sha256}<td>`);
      if (result !== undefined) expect(row).toContain(`<td>${result.sha256}<td>`);
      expect(row).toContain(state);
    }
  });

  it('has no canary, and claims neither compliance nor that no trace is left', () => {
    expect(/zebedee|quagmire|compliant|no trace/i.exec(html)).toBeNull();
    expect(/undefined|NaN|\[object/.exec(html)).toBeNull();
  });
});

it('tells a success in words', () => {
  const text = textOf(section(report('success'), 'summary'));

  expect(text).toContain('Outcome ✓ SUCCEEDED');
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
  expect(textOf(section(html, 'summary'))).toContain('Absence … still running');
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

it('takes less than 300 KB and a second for a thousand objects', () => {
  const { definition, record } = scene('failed');
  const [first] = record.objects;
  const objects = Array.from({ length: 1000 }, (_, index) => ({
    ...record.objects[index % 200 === 0 ? 3 : 0]!,
    objectId: first!.objectId,
    bytes: 5_242_880 + index,
    sha256: createHash('sha256').update(`in ${index}`).digest('hex'),
    result: { bytes: 40_960, sha256: createHash('sha256').update(`out ${index}`).digest('hex') },
  }));
  const before = performance.now();

  const html = writeReport({ definition, record: { ...record, objects } });

  expect(performance.now() - before).toBeLessThan(1000);
  expect(section(html, 'objects').match(/<tr>/g)).toHaveLength(1001);
  expect(Buffer.byteLength(html)).toBeLessThan(300_000);
});

it.each(['light', 'dark'] as const)('has text on bars that contrasts 4.5 : 1 when %s', (name) => {
  const { back, looks } = schemes[name];

  for (const look of ['succeeded', 'failed', 'caught', 'aborted', 'running'] as const) {
    expect(contrast(back, looks[look].line), look).toBeGreaterThanOrEqual(4.5);
  }
});
