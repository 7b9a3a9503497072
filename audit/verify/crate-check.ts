import * as z from 'zod';
import { runUuid } from '../bundle/bag-info.ts';
import type { RunRecord } from '../run-record.ts';
import { type Files, textOf } from './bag-checks.ts';
import { type Check, check } from './check.ts';
import { parseJson } from './parse-json.ts';

const Entity = z.looseObject({
  '@id': z.string().min(1),
  '@type': z.union([z.string(), z.array(z.string())]),
});
const Crate = z.object({ '@graph': z.array(Entity) });
type Entity = z.infer<typeof Entity>;

const Reference = z.object({ '@id': z.string() });

/** Checks that the crate describes this bundle and this execution. */
export function crateCheck(
  files: Files,
  record: RunRecord,
  chain: { count: number; head: string },
): Check {
  const { data } = Crate.safeParse(parseJson(textOf(files, 'data/ro-crate-metadata.json')));
  return check(
    'crate',
    'ro-crate-metadata.json describes these files and this execution, and refers to nothing outside',
    data === undefined
      ? ['ro-crate-metadata.json is no crate']
      : [...graphProblems(data['@graph']), ...agreement(data['@graph'], files, record, chain)],
  );
}

function graphProblems(graph: readonly Entity[]): string[] {
  const ids = graph.map((each) => each['@id']);
  const referred = graph.flatMap((each) => Object.values(each).flatMap(references));
  return [
    ...(new Set(ids).size === ids.length ? [] : ['an entity is described twice']),
    ...([...ids, ...referred].some((id) => id.startsWith('/') || id.split('/').includes('..'))
      ? ['it refers to a place outside of the bundle']
      : []),
  ];
}

function references(value: unknown): string[] {
  return [value].flat().flatMap((each) => Reference.safeParse(each).data?.['@id'] ?? []);
}

function agreement(
  graph: readonly Entity[],
  files: Files,
  record: RunRecord,
  chain: { count: number; head: string },
): string[] {
  const { execution, objects, request } = record;
  const find = (id: string) => graph.find((each) => each['@id'] === id);
  const status = execution.status === 'SUCCEEDED' ? 'Completed' : 'Failed';
  const collection = graph.find((each) => each['@type'] === 'Collection');
  const described = graph.filter((each) => [each['@type']].flat().includes('File'));
  const payload = [...files.keys()].filter(
    (path) => path.startsWith('data/') && path !== 'data/ro-crate-metadata.json',
  );
  const action = find(`#run-${runUuid(record, 'action')}`);
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ['identifier', find('./')?.identifier, `urn:uuid:${runUuid(record, 'bag')}`],
    ['status', action?.actionStatus, `http://schema.org/${status}ActionStatus`],
    ['start', action?.startTime, execution.started],
    ['end', action?.endTime, execution.ended],
    ['number of objects', collection?.collectionSize, request.batchId && objects.length],
    ['number of events', find('#event-count')?.value, chain.count],
    ['hash of the last event', find('#event-chain-head')?.value, chain.head],
    [
      'list of files',
      ids(described),
      payload
        .map((path) => path.slice('data/'.length))
        .toSorted()
        .join(),
    ],
  ];
  return [
    ...facts.flatMap(([fact, told, is]) =>
      told === is ? [] : [`the ${fact} in it is not that of the record and the files`],
    ),
    ...described.flatMap(({ '@id': id, contentSize }) =>
      contentSize === String(files.get(`data/${id}`)?.length)
        ? []
        : ['a file has another size than it says'],
    ),
  ];
}

const ids = (entities: readonly Entity[]): string =>
  entities
    .map((each) => each['@id'])
    .toSorted()
    .join();
