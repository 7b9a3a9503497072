import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensorMediaType } from '../../../ingest/model/sensor-object.ts';
import { exitCode } from '../../../pipelines/contract.ts';
import { PipelineBench, type Outcome } from '../run-pipeline.ts';
import { day, observation, record, sensorObject, subjects } from './sensor-objects.ts';

let bench: PipelineBench;

beforeAll(async () => {
  bench = await PipelineBench.open('vitals-stream');
});

afterAll(() => bench.close());

function refused(reason: string): Partial<Outcome> {
  return { exitCode: exitCode.badData, reason, printed: '', left: [] };
}

const good = sensorObject([record('10:00', 0, { observations: [observation('10:00')] })]);
const [header = '', line = ''] = good.trimEnd().split('\n');

describe('the contract of vitals-stream', () => {
  it('takes what the poller and the uploader declare of a sensor object', () => {
    expect(bench.pipeline.contract.acceptedTypes).toEqual([sensorMediaType]);
  });
});

describe('process of vitals-stream', () => {
  it('leaves one partial and nothing else, prints nothing, and tidies up', async () => {
    const outcome = await bench.process(good);

    expect([...outcome.files.keys()]).toEqual(['partial.csv']);
    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '', left: [] });
  });

  it('takes an object without a line end after the last record', async () => {
    const [whole, cut] = [await bench.process(good), await bench.process(good.trimEnd())];

    expect(cut.files).toEqual(whole.files);
  });

  it.each([
    ['an empty object', '', 'NO_RECORDS'],
    ['a header that is no JSON', `version 1\n${line}\n`, 'BAD_HEADER'],
    ['no header', `${line}\n`, 'BAD_HEADER'],
    ['a header of another version', good.replace('"version":1', '"version":2'), 'BAD_HEADER'],
    ['a header with a field too many', good.replace('"study"', '"x":1,"study"'), 'BAD_HEADER'],
    ['a day that there is not', good.replace(`"${day}"`, '"2026-02-30"'), 'BAD_HEADER'],
    ['a line that is no JSON', `${header}\n${line.slice(0, 90)}\n`, 'BAD_LINE'],
    ['a blank line', `${header}\n\n${line}\n`, 'BAD_LINE'],
    ['a field that no poller writes', good.replace('"seq"', '"name":"Ann","seq"'), 'BAD_LINE'],
    ['a text for a value', good.replace('"value":80', '"value":"80"'), 'BAD_LINE'],
    ['a value beyond what can be told', good.replace('"value":80', '"value":1e999'), 'BAD_LINE'],
    [
      'a value of nobody that is not set aside',
      good.replace(`"${subjects[0]}"`, 'null'),
      'BAD_LINE',
    ],
    ['a line that never ends', `${header}\n${' '.repeat(2 ** 20)}${line}\n`, 'BAD_LINE'],
    ['a record fewer than the header says', `${header}\n`, 'BAD_COUNT'],
    ['a record more than the header says', `${good}${line}\n`, 'BAD_COUNT'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(`${header}\n`), Buffer.from([0xff, 0x0a])]),
      'BAD_ENCODING',
    ],
  ])('refuses %s, and tells nothing of it', async (_, object, reason) => {
    const outcome = await bench.process(object);

    expect(outcome).toMatchObject(refused(reason));
    expect([...outcome.files.keys()]).toEqual(['.reason']);
  });

  it('finds the bad line behind thousands of good ones', async () => {
    const lines = sensorObject(
      Array.from({ length: 3_000 }, (_, seq) =>
        record('10:00', seq, { observations: [observation('10:00')] }),
      ),
    );

    const outcome = await bench.process(lines.replace(/"seq":2999,/, '"seq":-1,'));

    expect(outcome).toMatchObject(refused('BAD_LINE'));
  });

  it('prints nothing of a value or a unit, whether the object is good or bad', async () => {
    const canary = { value: 8_675_309, unit: 'canary' };
    const object = sensorObject([
      record('10:00', 0, { observations: [observation('10:00', canary)] }),
    ]);

    const kept = await bench.process(object);
    const bad = await bench.process(object.replace('"seq":0', '"seq":-1'));

    expect(kept.files.get('partial.csv')?.toString()).toContain('canary,1,8675309000000000,');
    expect(kept.printed).toBe('');
    expect(bad).toMatchObject(refused('BAD_LINE'));
  });

  it('fails in silence where there is no object', async () => {
    const outcome = await bench.processWithoutObject();

    expect(outcome).toMatchObject({ exitCode: exitCode.unforeseen, printed: '' });
  });
});
