import * as z from 'zod';
import { codeAlphabet, isCode, batchIdLength, objectIdLength } from '../../workflow/model/code.ts';
import { executionHash } from '../../workflow/model/names.ts';
import type { AccessRecord } from '../access/access-record.ts';

/** What a call was on: only what has an id that nobody types. */
export const Thing = z.strictObject({
  kind: z.enum([
    'batch',
    'object',
    'execution',
    'instance',
    'volume',
    'interface',
    'snapshot',
    'grant',
  ]),
  /** Of an execution its hash, because a person may have typed its name. */
  id: z.string(),
});
export type Thing = z.infer<typeof Thing>;

const ids = new RegExp(
  [
    `(?<![A-Za-z0-9+])(?<code>[${codeAlphabet}]{${batchIdLength}}|[${codeAlphabet}]{${objectIdLength}})(?![A-Za-z0-9+=])`,
    '(?<execution>arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:execution:[^:"\\s]+:[^:"\\s]+)',
    '(?<machine>(?<![A-Za-z0-9])(?:i|vol|eni|snap)-[0-9a-f]{8,17}(?![0-9a-f]))',
    '"grantId":"(?<grant>[0-9a-f]{64})"',
    // A queue's name, and a grant's, end with the execution's hash.
    `(?<=[${codeAlphabet}]{${batchIdLength}}[-/])(?<hash>[0-9a-f]{12})(?![0-9a-f])`,
  ].join('|'),
  'g',
);

const machineKinds = { i: 'instance', vol: 'volume', eni: 'interface', snap: 'snapshot' } as const;

/**
 * Reads what a call was on from what it said and was answered, each thing once.
 *
 * A closed list of minted forms: a key, a name or a tag that a person typed is none of them, so
 * that nothing that is told of a call repeats one.
 */
export function thingsOf({
  requestParameters,
  responseElements,
  resources,
}: AccessRecord): Thing[] {
  const text = JSON.stringify([requestParameters, responseElements, resources]);
  const found = new Map<string, Thing>();
  for (const { groups = {} } of text.matchAll(ids)) {
    const thing = read(groups);
    if (thing !== undefined) found.set(`${thing.kind} ${thing.id}`, thing);
  }
  return [...found.values()];
}

function read(groups: Readonly<Record<string, string | undefined>>): Thing | undefined {
  const { code, execution, machine, grant, hash } = groups;
  if (code !== undefined) {
    if (!isCode(code)) return undefined;
    return { kind: code.length === batchIdLength ? 'batch' : 'object', id: code };
  }
  if (execution !== undefined) return { kind: 'execution', id: executionHash(execution) };
  if (hash !== undefined) return { kind: 'execution', id: hash };
  if (grant !== undefined) return { kind: 'grant', id: grant };
  const prefix = z.enum(['i', 'vol', 'eni', 'snap']).safeParse(machine?.split('-')[0]).data;
  return prefix === undefined || machine === undefined
    ? undefined
    : { kind: machineKinds[prefix], id: machine };
}
