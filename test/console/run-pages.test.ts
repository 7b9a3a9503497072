import { describe, expect, it } from 'vitest';
import { errorMeanings } from '../../console/run/error-meanings.ts';
import { stateId } from '../../console/run/state-id.ts';
import * as errors from '../../workflow/model/errors.ts';
import { readScene, sceneNames } from '../audit/scenes/read-scene.ts';
import { consoleOf, hashOf, recordedStudy } from './recorded-study.ts';

const study = await recordedStudy();
const { get, text } = consoleOf(study.sources());

const attributes = (html: string, tag: RegExp): Record<string, string>[] =>
  [...html.matchAll(tag)].map(([found]) =>
    Object.fromEntries(
      [...found.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );

describe.each(sceneNames)('the pages of the run "%s"', (scene) => {
  const hash = hashOf(study.run(scene));

  it('tell the same of every state in the graph and in the table', async () => {
    const graph = await text(`/runs/${hash}`);
    const table = await text(`/runs/${hash}/table`);

    const drawn = attributes(graph, /<g [^>]*data-state="[^>]*>/g);
    const listed = attributes(table, /<tbody [^>]*>/g);
    expect(listed.map((each) => each['data-state']).toSorted()).toEqual(
      drawn.map((each) => each['data-state']).toSorted(),
    );
    for (const state of drawn) {
      const group = table
        .split(`<tbody id="${stateId(state['data-state']!)}"`)[1]!
        .split('</tbody>')[0]!;
      const outcomes = attributes(group, /<tr [^>]*>/g).map((each) => each['data-outcome']);
      expect(outcomes).toContain(state['data-outcome']);
    }
  });

  it('lead from every state of the graph to its rows in the table', async () => {
    const graph = await text(`/runs/${hash}`);
    const table = await text(`/runs/${hash}/table`);

    const links = [...graph.matchAll(/<a href="\/runs\/[0-9a-f]{12}\/table#([^"]+)">/g)];
    expect(links.length).toBe(attributes(graph, /<g [^>]*data-state="[^>]*>/g).length);
    for (const [, id] of links) expect(table).toContain(`id="${id!}"`);
  });

  it('list every stay of the record, and every event of the history', async () => {
    const { record, events } = await readScene(scene);
    const table = await text(`/runs/${hash}/table`);
    const pages = Math.ceil(events.length / 500);
    const lists = await Promise.all(
      Array.from({ length: pages }, (_, index) => text(`/runs/${hash}/events?page=${index + 1}`)),
    );

    const visits = attributes(table, /<tr [^>]*data-visit="[^>]*>/g);
    expect(visits.map((each) => Number(each['data-visit'])).toSorted((a, b) => a - b)).toEqual(
      record.states.map(({ id }) => id),
    );
    const rows = lists.flatMap((list) => attributes(list, /<tr [^>]*data-event="[^>]*>/g));
    expect(rows.map((row) => [Number(row['data-event']), row['data-type']])).toEqual(
      events.map(({ id, type }) => [id, type]),
    );
  });
});

describe('the reason of a run', () => {
  it.each([
    ['failed', 'more objects failed than the request tolerates, 1 of 5 (ObjectsFailedError).'],
    ['refused', 'is not one that can run; nothing was launched (RequestRefusedError).'],
    ['aborted', 'Somebody stopped the run in '],
  ] as const)('is one sentence above every view: %s', async (scene, sentence) => {
    const hash = hashOf(study.run(scene));

    for (const view of ['', '/table', '/events', '/evidence']) {
      const page = await text(`/runs/${hash}${view}`);

      expect(/<p id="reason"[^>]*>([^<]*)/.exec(page)?.[1]).toContain(sentence);
    }
  });

  it('is not there where a run succeeded', async () => {
    expect(await text(`/runs/${hashOf(study.run('success'))}`)).not.toContain('id="reason"');
  });

  it('is known of every error that a state machine of ours can match', () => {
    const codes = Object.values(errors).flatMap((each) => ('code' in each ? [each.code] : []));

    expect(codes.filter((code) => !(code in errorMeanings))).toEqual([]);
  });
});

describe('a run that is not there', () => {
  it.each(['/runs/000000000000', '/runs/nothing', '/runs/000000000000/table'])(
    'is a page that says so: %s',
    async (path) => {
      const answer = await get(path);

      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('There is no such run.');
    },
  );

  it.each(['0', '-1', '2', 'x', '99999'])('neither is page %s of its events', async (page) => {
    const hash = hashOf(study.run('success'));

    expect((await get(`/runs/${hash}/events?page=${page}`)).status).toBeGreaterThanOrEqual(400);
  });
});

describe('the evidence of a run', () => {
  it('has the parts of the report, and the commands for what is kept', async () => {
    const page = await text(`/runs/${hashOf(study.run('success'))}/evidence`);

    for (const title of ['Evaporation certificate', "The key's life", 'Controls', 'Cost']) {
      expect(page).toContain(`<h2>${title}</h2>`);
    }
    expect(page).toContain('czar evidence export brzxjfhjq');
  });
});
