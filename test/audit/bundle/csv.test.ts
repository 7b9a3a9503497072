import { expect, it } from 'vitest';
import { writeCsv } from '../../../audit/bundle/csv.ts';
import { runTables } from '../../../audit/bundle/run-tables.ts';
import { tableColumns, tableNames } from '../../../audit/bundle/table-columns.ts';
import { readCsv } from '../../../audit/verify/read-csv.ts';
import { readScene, sceneNames } from '../scenes/read-scene.ts';

const one = (cell: string) => writeCsv({ columns: ['a'], rows: [{ a: cell }] });

it.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  ['a\r\nb', '"a\r\nb"'],
])('quotes by RFC 4180: %j', (cell, written) => {
  expect(one(cell)).toBe(`a\r\n${written}\r\n`);
  expect(readCsv(one(cell))).toEqual([['a'], [cell]]);
});

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "'=1"])(
  'writes %j so that no spreadsheet computes it, and that it can be read back',
  (cell) => {
    const [, [read = ''] = []] = readCsv(one(cell)) ?? [];

    expect(read).toBe(`'${cell}`);
  },
);

it('leaves out what is not known, and keeps numbers as they are', () => {
  const rows = [{ a: -1, b: undefined }, { b: 'x' }];

  expect(writeCsv({ columns: ['a', 'b'], rows })).toBe('a,b\r\n-1,\r\n,x\r\n');
});

it('writes the session of a person so that it is no formula', async () => {
  const { record } = await readScene('success');
  const by = { kind: 'person' as const, name: 'czarhipaa-operator', session: '=cmd' };
  const runs = record.runs.map((run) => ({ ...run, startedBy: { at: run.started, by } }));

  const access = runTables({ ...record, runs }).get('access.csv') ?? '';

  expect(readCsv(access)?.[1]?.[7]).toBe("'=cmd");
});

it.each(sceneNames)(
  'gives each table of the run "%s" its columns and its execution',
  async (name) => {
    const { record } = await readScene(name);

    const tables = runTables(record);

    expect([...tables.keys()]).toEqual(tableNames);
    for (const [table, text] of tables) {
      const [header, ...rows] = readCsv(text) ?? [];
      expect(header).toEqual(tableColumns[table]);
      expect(rows.every(([execution]) => execution === record.execution.hash)).toBe(true);
      expect(rows.every(({ length }) => length === tableColumns[table].length)).toBe(true);
    }
  },
);

it('tells in the tables what the record tells', async () => {
  const { record } = await readScene('failed');

  const rows = new Map(
    [...runTables(record)].map(([name, text]) => [name, (readCsv(text) ?? []).slice(1)]),
  );

  expect(rows.get('trace.csv')).toHaveLength(
    record.states.reduce((count, { tries }) => count + Math.max(1, tries.length), 0),
  );
  expect(rows.get('objects.csv')?.map(([, id]) => id)).toEqual(
    record.objects.map(({ objectId }) => objectId),
  );
  expect(
    rows
      .get('objects.csv')
      ?.find(([, , state]) => state === 'FAILED')
      ?.slice(8, 10),
  ).toEqual(['PIPELINE_REJECTED', 'BAD_ROW']);
  expect(rows.get('mails.csv')?.map(([, mail]) => mail)).toEqual(['working', 'failed']);
  expect(rows.get('access.csv')?.filter(([, what]) => what === 'grant made')).toHaveLength(
    record.access!.grants.length,
  );
  expect(rows.get('controls.csv')).toHaveLength(10);
});

it.each(['a\n', 'a,"b\r\n', 'a\r\nb'])('refuses what is no such table: %j', (text) => {
  expect(readCsv(text)).toBeUndefined();
});
