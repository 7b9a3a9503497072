import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  PipelineContract,
  readReason,
  runEnvironment,
  unspecifiedReason,
} from '../../pipelines/contract.ts';

const contract = {
  name: 'count-rows',
  version: '1.0.0',
  acceptedTypes: ['text/csv'],
  process: 'process.mjs',
  consolidate: 'consolidate.mjs',
  limits: { processSeconds: 60, memoryMiB: 256 },
  resultFiles: ['rows.csv'],
};

describe('PipelineContract', () => {
  it('takes a complete contract', () => {
    expect(PipelineContract.parse(contract)).toEqual(contract);
  });

  it.each([
    ['an unknown field', { ...contract, network: true }, ''],
    ['an unknown limit', { ...contract, limits: { ...contract.limits, cpu: 2 } }, 'limits'],
    ['no type', { ...contract, acceptedTypes: [] }, 'acceptedTypes'],
    ['a type twice', { ...contract, acceptedTypes: ['a/b', 'a/b'] }, 'acceptedTypes'],
    ['an entry in another folder', { ...contract, process: '../process.mjs' }, 'process'],
    ['an entry that is no module', { ...contract, consolidate: 'run.sh' }, 'consolidate'],
    ['a version without three parts', { ...contract, version: '1.0' }, 'version'],
    [
      'no time',
      { ...contract, limits: { ...contract.limits, processSeconds: 0 } },
      'limits.processSeconds',
    ],
    ['a result in another folder', { ...contract, resultFiles: ['../rows.csv'] }, 'resultFiles.0'],
    ['a hidden result', { ...contract, resultFiles: ['.reason'] }, 'resultFiles.0'],
    ['a result twice', { ...contract, resultFiles: ['a.csv', 'a.csv'] }, 'resultFiles'],
    ['a name in capitals', { ...contract, name: 'CountRows' }, 'name'],
  ])('refuses %s and names the field', (_, candidate, field) => {
    const result = PipelineContract.safeParse(candidate);

    expect(result.error?.issues.map(({ path }) => path.join('.'))).toEqual([field]);
  });
});

describe('runEnvironment', () => {
  const run = { input: '/i', output: '/o', reference: '/r', temporary: '/t' };

  it('is complete, and holds nothing of the worker', () => {
    const object = { objectId: 'bcdfghjk', mediaType: 'text/csv' };

    expect(runEnvironment({ ...run, object })).toEqual({
      CZAR_INPUT: '/i',
      CZAR_OUTPUT: '/o',
      CZAR_REFERENCE: '/r',
      TMPDIR: '/t',
      CZAR_OBJECT_ID: 'bcdfghjk',
      CZAR_MEDIA_TYPE: 'text/csv',
    });
  });

  it('names no object for a consolidation', () => {
    expect(Object.keys(runEnvironment(run))).toEqual([
      'CZAR_INPUT',
      'CZAR_OUTPUT',
      'CZAR_REFERENCE',
      'TMPDIR',
    ]);
  });
});

describe('readReason', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reason-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it.each(['BAD_HEADER', 'BAD_HEADER\n', 'BAD_HEADER\r\n'])('reads %j', async (text) => {
    await writeFile(join(directory, '.reason'), text);

    expect(await readReason(directory)).toBe('BAD_HEADER');
  });

  it.each([
    'John Bigboote',
    'bad_header',
    'NO',
    'A'.repeat(41),
    'BAD_HEADER\nBAD_ROW',
    'BORN_1938',
    '',
  ])('lets nothing else out, such as %j', async (text) => {
    await writeFile(join(directory, '.reason'), text);

    expect(await readReason(directory)).toBe(unspecifiedReason);
  });

  it('answers that no reason was given where there is no file', async () => {
    expect(await readReason(directory)).toBe(unspecifiedReason);
  });
});
