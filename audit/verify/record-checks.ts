import { createHash } from 'node:crypto';
import { bagInfo, evidenceVersion } from '../bundle/bag-info.ts';
import { RunRecord } from '../run-record.ts';
import { type Files, textOf } from './bag-checks.ts';
import { type Check, check } from './check.ts';
import { parseJson } from './parse-json.ts';

/** Reads the record of a bundle by its schema. */
export function readRecord(files: Files): {
  readonly record: RunRecord | undefined;
  readonly check: Check;
} {
  const { data, error } = RunRecord.safeParse(parseJson(textOf(files, 'data/record.json')));
  const fields = (error?.issues ?? []).map(({ path }) => path.join('.'));
  return {
    record: data,
    check: check(
      'record',
      'record.json is a record of an execution, with no field that a record does not have',
      fields.map((field) => `record.json${field === '' ? '' : `, ${field}`} is not as in a record`),
    ),
  };
}

const line = /^(?<label>[A-Za-z-]+): (?<value>.+)$/;

/** What `bag-info.txt` says, by its labels. */
export function readBagInfo(files: Files): ReadonlyMap<string, string> {
  const lines = textOf(files, 'bag-info.txt').split('\n').slice(0, -1);
  return new Map(
    lines.map((each) => {
      const { label = '', value = '' } = line.exec(each)?.groups ?? {};
      return [label, value];
    }),
  );
}

/** Checks that what stands beside the record says the same as the record. */
export function recordChecks(files: Files, record: RunRecord): Check[] {
  const definition = createHash('sha256').update(files.get('data/definition.asl.json') ?? '');
  return [
    check(
      'definition',
      'definition.asl.json is the one that the record names by its digest',
      definition.digest('hex') === record.execution.definitionSha256
        ? []
        : ['definition.asl.json has another digest than the record says'],
    ),
    check(
      'bag info',
      'bag-info.txt names the execution, its status, the size and the number of files as they are',
      bagInfoProblems(files, record),
    ),
  ];
}

function bagInfoProblems(files: Files, record: RunRecord): string[] {
  const told = readBagInfo(files);
  const composedAt = new Date(told.get('Composed-At') ?? '');
  const writtenBy = told.get('Composed-By');
  if (told.get('Evidence-Version') !== evidenceVersion) {
    return ['Evidence-Version is not the one that this czar verifies: take the czar of its time'];
  }
  if (Number.isNaN(composedAt.getTime())) return ['Composed-At is no time'];
  if (writtenBy !== 'lifecycle' && writtenBy !== 'auditor') return ['Composed-By is not known'];
  const expected = bagInfo({
    record,
    // The chain is compared where it is followed.
    chain: { count: Number(told.get('Event-Count')), head: told.get('Event-Chain-Head') ?? '' },
    payload: new Map([...files].filter(([path]) => path.startsWith('data/'))),
    writtenBy,
    composedAt,
  });
  const labels = Object.keys(expected);
  const lines = textOf(files, 'bag-info.txt').split('\n').length - 1;
  return [
    ...Object.entries(expected).flatMap(([label, value]) =>
      told.get(label) === value ? [] : [`${label} is not what the record and the files say`],
    ),
    ...(lines === labels.length ? [] : [`there are ${lines} lines instead of ${labels.length}`]),
  ];
}
