import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { bottom, right } from '../../audit/graph/geometry.ts';
import { layOut } from '../../audit/graph/layout.ts';
import { readMachineGraph } from '../../audit/graph/machine-graph.ts';
import { drawRunGraph } from '../../audit/graph/run-graph.ts';
import { schemes } from '../../audit/graph/palette.ts';
import { duration } from '../../audit/graph/words.ts';
import type { RunRecord } from '../../audit/run-record.ts';
import { contrast } from './contrast.ts';
import { pictures } from './scenes/pictures.ts';
import { readScene, sceneNames } from './scenes/read-scene.ts';

const scenes = new Map(
  await Promise.all(sceneNames.map(async (name) => [name, await readScene(name)] as const)),
);
const { definition } = scenes.get('success')!;
const drawn = new Map(
  [...scenes].map(([name, scene]) => [name, drawRunGraph(scene.definition, scene.record)]),
);

/** The tags of an SVG that have an attribute, each as its attributes. */
function tagged(svg: string, attribute: string): Record<string, string>[] {
  const tags = [...svg.matchAll(new RegExp(`<g [^>]*${attribute}="[^>]*>`, 'g'))].map(
    ([tag]) => tag,
  );
  return tags.map((tag) =>
    Object.fromEntries(
      [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );
}

/** The root elements of an XML text, in which every tag is closed in turn and nothing is left unescaped. */
function rootsOf(svg: string): string[] {
  const roots: string[] = [];
  const open: string[] = [];
  for (const [, close, name = '', rest = ''] of svg.matchAll(
    /<(\/?)([a-z]+)((?:\s[\w-]+="[^"<]*")*\s*\/?)>/gi,
  )) {
    if (close === '/') expect(open.pop()).toBe(name);
    else {
      if (open.length === 0) roots.push(name);
      if (!rest.endsWith('/')) open.push(name);
    }
  }
  expect(open).toEqual([]);
  const between = svg.replaceAll(
    /<style>[^<]*<\/style>|<\/?[a-z]+(?:\s[\w-]+="[^"<]*")*\s*\/?>/gi,
    '',
  );
  expect(between).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
  return roots;
}

/** The texts that can be read. */
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = '']) => text);

/** States of the definition, the Map's among them. */
const stateCount = JSON.stringify(definition).match(/"Type":"/g)!.length;

const gravest = ['running', 'failed', 'aborted', 'caught', 'succeeded'];

describe.each(sceneNames)('the graph of the run "%s"', (name) => {
  const svg = drawn.get(name)!;
  const { record } = scenes.get(name)!;
  const visitsOf = (state: string) => record.states.filter((visit) => visit.state === state);

  it('is well-formed, and the same at every drawing', () => {
    const { definition: asl } = scenes.get(name)!;
    const copy = JSON.parse(JSON.stringify(record)) as RunRecord;

    expect(rootsOf(svg)).toEqual(['svg']);
    expect(drawRunGraph(asl, copy)).toBe(svg);
  });

  it('marks each state with its outcome and its retries, and says so in words', () => {
    const states = tagged(svg, 'data-state');

    expect(states).toHaveLength(stateCount);
    for (const {
      'data-state': state = '',
      'data-outcome': outcome,
      'data-retries': retries,
    } of states) {
      const visits = visitsOf(state);
      const own = gravest.find((word) => visits.some((visit) => visit.outcome === word));
      expect(outcome, state).toBe(own ?? 'not entered');
      expect(Number(retries), state).toBe(visits.reduce((sum, visit) => sum + visit.retries, 0));
    }
    for (const { outcome } of record.states) {
      expect(texts(svg).some((text) => text.includes(outcome))).toBe(true);
    }
  });

  it('marks the transitions that were taken, as often as they were, and no other', () => {
    const taken = new Map<string, number>();
    for (const { cameFrom, state } of record.states) {
      const from = record.states.find(({ id }) => id === cameFrom)?.state;
      if (from !== undefined)
        taken.set(`${from}>${state}`, (taken.get(`${from}>${state}`) ?? 0) + 1);
    }
    const marked = tagged(svg, 'data-from').filter((edge) => edge['data-taken'] !== '0');

    expect(
      new Map(
        marked.map((edge) => [
          `${edge['data-from'] ?? ''}>${edge['data-to'] ?? ''}`,
          Number(edge['data-taken']),
        ]),
      ),
    ).toEqual(taken);
    expect(tagged(svg, 'data-from').length).toBeGreaterThan(marked.length);
  });

  it('has a lane for each worker, with its outcome and its machines', () => {
    const lanes = tagged(svg, 'data-worker');

    expect(
      lanes.map((lane) => [lane['data-worker'], lane['data-outcome'], lane['data-attempts']]),
    ).toEqual(
      record.workers.map(({ workerIndex, outcome, attempts }) => [
        String(workerIndex),
        outcome,
        String(attempts.length),
      ]),
    );
  });

  it('can stand in a page many times, and runs and loads nothing', () => {
    expect(svg).not.toMatch(/\bid="|<script|href=|@import|url\(|\son\w+=/);
    expect(svg).toMatch(/^<svg [^>]*role="img"/);
    expect(svg).toMatch(/<title>Execution [0-9a-f]{12}: [A-Z]+/);
  });
});

it('names the error of the Catch that was taken, on state and transition', () => {
  const svg = drawn.get('failed')!;
  const caught = tagged(svg, 'data-caught').toSorted((a, b) =>
    String(a['data-from']).localeCompare(String(b['data-from'])),
  );

  expect(caught).toMatchObject([
    { 'data-from': 'Await Worker', 'data-to': 'Retire Worker', 'data-caught': 'WorkerLostError' },
    {
      'data-from': 'Consolidate',
      'data-to': 'Terminate After Failure',
      'data-caught': 'ObjectsFailedError',
    },
  ]);
  expect(texts(svg).filter((text) => text === 'ObjectsFailedError').length).toBeGreaterThanOrEqual(
    2,
  );
  expect(texts(svg)).toContain('retried 2 times');
});

it('describes the run in words for whoever does not see it', () => {
  const [, described = ''] = /<desc>([^<]*)</.exec(drawn.get('failed')!) ?? [];

  expect(described).toContain('Consolidate: caught');
  expect(described).toContain('Notify Done: not entered');
  expect(described).toContain('worker 2: succeeded, 2 machines');
});

it('draws the plain graph without a record', () => {
  const svg = drawRunGraph(definition);

  expect(rootsOf(svg)).toEqual(['svg']);
  expect(tagged(svg, 'data-state')).toHaveLength(stateCount);
  expect(svg).not.toMatch(/data-outcome|data-taken|not entered/);
});

it.each([[0], [1]])('lays out so that no state is on another (%d)', (depth) => {
  const outer = readMachineGraph(definition);
  const graph = depth === 0 ? outer : outer.nodes.find(({ inner }) => inner)!.inner!;
  const sizes = new Map(
    graph.nodes.map(({ name }, index) => [
      name,
      { width: 90 + 60 * (index % 4), height: 40 + 90 * (index % 3) },
    ]),
  );

  const { boxes, width, height } = layOut(graph, sizes, 60);

  const placed = [...boxes.values()];
  expect(placed).toHaveLength(graph.nodes.length);
  for (const [index, box] of placed.entries()) {
    expect(right(box)).toBeLessThanOrEqual(width);
    expect(bottom(box)).toBeLessThanOrEqual(height);
    for (const other of placed.slice(index + 1)) {
      const isBeside = right(box) <= other.x || right(other) <= box.x;
      expect(isBeside || bottom(box) <= other.y || bottom(other) <= box.y).toBe(true);
    }
  }
});

it('stays small: forty workers in less than 80 KB', () => {
  expect(Buffer.byteLength(drawn.get('forty')!)).toBeLessThan(80_000);
});

it.each(pictures)('is the picture docs/images/$file', async ({ file, scene }) => {
  const picture = new URL(`../../docs/images/${file}`, import.meta.url);

  expect(await readFile(picture, 'utf8')).toBe(drawn.get(scene));
});

it('refuses a record of another machine, by the state or the transition that is not in it', () => {
  const { record } = scenes.get('success')!;
  const strange = {
    ...record,
    states: record.states.map((visit, index) =>
      index === 3 ? { ...visit, state: 'Elsewhere' } : visit,
    ),
  };
  const jumping = {
    ...record,
    states: record.states.map((visit) =>
      visit.state === 'Consolidate' ? { ...visit, state: 'Notify Failed' } : visit,
    ),
  };

  expect(() => drawRunGraph(definition, strange)).toThrow('the definition has no state Elsewhere');
  expect(() => drawRunGraph(definition, jumping)).toThrow(
    'the definition does not go from Any Worker Left? to Notify Failed',
  );
});

it.each([
  [10, '< 0.1 s'],
  [1234, '1.2 s'],
  [59_990, '1 min 0 s'],
  [61_000, '1 min 1 s'],
  [7_260_000, '2 h 1 min'],
])('says %d ms as %s', (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words);
});

describe.each(['light', 'dark'] as const)('the %s scheme', (name) => {
  const { back, panel, text, quiet, taken, path, looks } = schemes[name];

  it('has text that contrasts 4.5 : 1 with what is behind it', () => {
    for (const behind of [back, panel]) {
      expect(contrast(text, behind)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(quiet, behind)).toBeGreaterThanOrEqual(4.5);
    }
    for (const [look, { fill, text: own }] of Object.entries(looks)) {
      for (const behind of [fill, back, panel]) {
        expect(contrast(own, behind), look).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('has lines and icons that contrast 3 : 1', () => {
    for (const line of [taken, path, ...Object.values(looks).map((look) => look.line)]) {
      expect(contrast(line, back), line).toBeGreaterThanOrEqual(3);
      expect(contrast(line, panel), line).toBeGreaterThanOrEqual(3);
    }
    for (const [look, { fill, line }] of Object.entries(looks)) {
      expect(contrast(line, fill), look).toBeGreaterThanOrEqual(3);
    }
  });
});
