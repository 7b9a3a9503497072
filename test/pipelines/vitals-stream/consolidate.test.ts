import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SensorRecord } from '../../../ingest/model/sensor-object.ts';
import { ecgFormat, readEcgRecording } from '../../../ingest/simulate/ecg-recording.ts';
import { exitCode } from '../../../pipelines/contract.ts';
import { PipelineBench, numbered, rowsOf, textOf, type Outcome } from '../run-pipeline.ts';
import {
  at,
  boots,
  day,
  devices,
  ecgBlock,
  observation,
  record,
  sensorObject,
  subjects,
} from './sensor-objects.ts';

let bench: PipelineBench;

beforeAll(async () => {
  bench = await PipelineBench.open('vitals-stream');
});

afterAll(() => bench.close());

const [ann, ben] = subjects;

/** The results of a batch with one object of these records. */
async function resultsOf(...records: SensorRecord[]): Promise<Outcome> {
  return bench.runStudy([sensorObject(records)]);
}

interface QcReport {
  records: number;
  messages: number;
  [part: string]: unknown;
}

function qcOf(outcome: Outcome): QcReport {
  return JSON.parse(textOf(outcome, 'qc.json')) as QcReport;
}

/** Records of a minute each, from a time on, with a heart rate of these values. */
function heartRates(time: string, values: readonly (number | undefined)[]): SensorRecord[] {
  return values.flatMap((value, minute) => {
    if (value === undefined) return [];
    const moment = `${time}:${minute * 60}`;
    return [record(moment, minute, { observations: [observation(moment, { value })] })];
  });
}

describe('the tables of vitals-stream', () => {
  it('have the mean and the extremes of each subject, minute, code and unit', async () => {
    const saturation = { code: '59408-5', unit: '%' };
    const outcome = await resultsOf(
      record('10:00', 0, {
        observations: [
          observation('10:00', { value: 80 }),
          observation('10:00:59.999', { value: 81 }),
          observation('10:00:30', { value: 80.1 }),
          observation('10:01', { value: 90 }),
          observation('10:00', { ...saturation, value: 97 }),
        ],
      }),
      record('10:00', 1, { observations: [observation('10:00', { subject: ben, value: -0.5 })] }),
    );

    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '', left: [] });
    expect(textOf(outcome, 'minute-means.csv')).toBe(
      [
        'subject,minute,code,unit,n,mean,min,max',
        `${ann},${day}T10:00Z,59408-5,%,1,97.0000,97,97`,
        `${ann},${day}T10:00Z,8867-4,/min,3,80.3667,80,81`,
        `${ann},${day}T10:01Z,8867-4,/min,1,90.0000,90,90`,
        `${ben},${day}T10:00Z,8867-4,/min,1,-0.5000,-0.5,-0.5`,
        '',
      ].join('\n'),
    );
  });

  it('keep a unit that has a comma and a quote', async () => {
    const outcome = await resultsOf(
      record('10:00', 0, { observations: [observation('10:00', { unit: 'a",b#' })] }),
    );

    expect(textOf(outcome, 'minute-means.csv')).toContain(',8867-4,"a"",b#",1,80.0000,80,80\n');
  });

  it('count no value that is flagged, and say how many are', async () => {
    const outcome = await resultsOf(
      record('10:00', 0, {
        observations: [
          observation('10:00', { value: 900, flags: ['IMPOSSIBLE'] }),
          observation('23:00', { value: 81, flags: ['FUTURE'] }),
          observation('10:00', { value: 700, flags: ['IMPOSSIBLE', 'FUTURE'] }),
          observation('10:00', { value: 82 }),
        ],
      }),
    );

    expect(rowsOf(textOf(outcome, 'minute-means.csv'))).toMatchObject([{ n: '1', max: '82' }]);
    expect(qcOf(outcome)).toMatchObject({
      observations: { all: 4, counted: 1, IMPOSSIBLE: 2, FUTURE: 2 },
    });
  });

  it('go by corrected times, and say whose clocks were corrected by how much', async () => {
    const slow = (minute: string, correctionMs: number): Partial<SensorRecord> => ({
      correctionMs,
      observations: [observation('09:00', { correctedAt: at(minute) })],
    });
    const outcome = await resultsOf(
      record('10:00', 0, slow('10:00', 3_600_000)),
      record('10:01', 1, slow('10:01', 3_660_000)),
      record('10:02', 2, slow('09:00', 0)),
      record('10:00', 0, { ...slow('08:00', -3_600_000), device: devices[1] }),
    );

    const minutes = rowsOf(textOf(outcome, 'minute-means.csv')).map(({ minute }) => minute);
    expect(minutes).toEqual(['08:00', '09:00', '10:00', '10:01'].map((time) => `${day}T${time}Z`));
    expect(qcOf(outcome).correctedClocks).toEqual({
      [devices[0]]: { records: 2, leastMs: 3_600_000, mostMs: 3_660_000 },
      [devices[1]]: { records: 1, leastMs: -3_600_000, mostMs: -3_600_000 },
    });
  });

  it('have the coverage of the span and of the day', async () => {
    const outcome = await resultsOf(
      ...heartRates('10:00', [80, 80, undefined, 80]),
      record('10:00', 9, {
        observations: [observation('10:00', { subject: ben, flags: ['IMPOSSIBLE'] })],
      }),
    );

    expect(textOf(outcome, 'coverage.csv')).toBe(
      [
        'subject,first minute,last minute,minutes,expected,percent,minutes of the day,expected of the day,percent of the day',
        `${ann},${day}T10:00Z,${day}T10:03Z,3,4,75.00,3,1440,0.21`,
        `${ben},,,0,0,,0,1440,0.00`,
        '',
      ].join('\n'),
    );
  });
});

describe('the heart rate of vitals-stream', () => {
  const { hertz } = ecgFormat;
  const { samples } = readEcgRecording();
  const blocks = [0, 1, 2, 3, 4, 5].map((section) =>
    record(`10:00:${section * 10}`, section, {
      waveforms: [
        ecgBlock(
          `10:00:${section * 10}`,
          samples.slice(section * 10 * hertz, (section + 1) * 10 * hertz),
        ),
      ],
    }),
  );

  it('is within one beat a minute of the known beats of a real ECG', async () => {
    const outcome = await resultsOf(...blocks);

    // 101 beats in six blocks have 95 neighbours in a block: their mean rate is 101.66 a minute.
    const [row, ...others] = rowsOf(textOf(outcome, 'heart-rate.csv'));
    expect(others).toEqual([]);
    expect(row).toMatchObject({ subject: ann, minute: `${day}T10:00Z`, intervals: '95' });
    expect(Number(row?.mean)).toBeGreaterThan(100.6);
    expect(Number(row?.mean)).toBeLessThan(102.6);
    expect(qcOf(outcome).waveforms).toMatchObject({
      all: 6,
      counted: 6,
      blocks: { JUDGED: 6, NOISY: 0 },
      intervalsNotCounted: 0,
    });
  });

  it('is of the minute in which an interval ends, where a block crosses into the next', async () => {
    const block = ecgBlock('10:00:55', samples.slice(0, 10 * hertz));
    const outcome = await resultsOf(record('10:01:05', 0, { waveforms: [block] }));

    const rows = rowsOf(textOf(outcome, 'heart-rate.csv'));
    expect(rows.map(({ minute }) => minute)).toEqual([`${day}T10:00Z`, `${day}T10:01Z`]);
    expect(rows.reduce((sum, { intervals }) => sum + Number(intervals), 0)).toBe(16);
  });

  it('has nothing of a block that is flagged, too slow, or no ECG, and says so', async () => {
    const ecg = samples.slice(0, 10 * hertz);
    const outcome = await resultsOf(
      record('10:00', 0, {
        waveforms: [
          ecgBlock('10:00', ecg, { flags: ['IMPOSSIBLE'] }),
          ecgBlock('10:00', ecg, { hertz: 50 }),
          ecgBlock('10:00', ecg, { hertz: 0.001 }),
          ecgBlock('10:00', ecg, { code: '59408-5', unit: '%' }),
        ],
      }),
    );

    expect(rowsOf(textOf(outcome, 'heart-rate.csv'))).toEqual([]);
    expect(qcOf(outcome).waveforms).toMatchObject({
      all: 4,
      counted: 3,
      IMPOSSIBLE: 1,
      blocks: { JUDGED: 0, RATE: 1, LONGER_THAN_A_DAY: 1, NOT_ECG: 1 },
    });
  });
});

describe('the alarms of vitals-stream', () => {
  it.each([
    ['two minutes below 40', [39, 39, 80], []],
    ['three minutes at 40', [40, 40, 40], []],
    [
      'three minutes below 40',
      [39, 38.5, 39.9, 80],
      [['HEART_RATE_LOW', '10:00', '10:02', '38.50']],
    ],
    ['a pause within three minutes below 40', [39, 39, undefined, 39], []],
    [
      'four minutes above 130',
      [140, 131, 150, 131],
      [['HEART_RATE_HIGH', '10:00', '10:03', '150.00']],
    ],
  ])('judge %s of heart rate', async (_, values, expected) => {
    const outcome = await resultsOf(...heartRates('10:00', values));

    const alarms = rowsOf(textOf(outcome, 'alarms.csv')).map((row) => [
      row.alarm,
      row['first minute']?.slice(11, 16),
      row['last minute']?.slice(11, 16),
      row.worst,
    ]);
    expect(alarms).toEqual(expected);
  });

  it('tell of low saturation, and of a pause of more than fifteen minutes', async () => {
    const low = { code: '59408-5', unit: '%', value: 88 };
    const outcome = await resultsOf(
      record('10:17', 0, {
        observations: ['10:00', '10:16', '10:17', '10:34'].map((time) => observation(time, low)),
      }),
    );

    expect(textOf(outcome, 'alarms.csv')).toBe(
      [
        'subject,alarm,source,first minute,last minute,minutes,worst',
        `${ann},SATURATION_LOW,59408-5,${day}T10:16Z,${day}T10:17Z,2,88.00`,
        `${ann},DATA_GAP,,${day}T10:18Z,${day}T10:33Z,16,`,
        '',
      ].join('\n'),
    );
  });

  it('judge the heart rate from ECG blocks under a source of its own', async () => {
    const { samples } = readEcgRecording();
    const fast = { hertz: 600 };
    const outcome = await resultsOf(
      ...['10:00', '10:01', '10:02'].map((time, seq) =>
        record(time, seq, { waveforms: [ecgBlock(time, samples.slice(0, 6_000), fast)] }),
      ),
    );

    expect(rowsOf(textOf(outcome, 'alarms.csv'))).toMatchObject([
      { alarm: 'HEART_RATE_HIGH', source: 'ECG', minutes: '3' },
    ]);
  });
});

describe('qc.json of vitals-stream', () => {
  it('counts records, and each message once however many records it is in', async () => {
    const first = sensorObject([
      record('10:00', 0, { observations: [observation('10:00')] }),
      record('10:00', 1),
      record('10:00', 0, { boot: boots[1] }),
    ]);
    const second = sensorObject([
      record('10:00', 0, { observations: [observation('10:05')] }),
      record('10:00', 0, { device: devices[1] }),
    ]);

    const qc = qcOf(await bench.runStudy([first, second]));

    expect(qc).toMatchObject({ day, records: 5, messages: 4 });
    expect(qc.devices).toEqual({ [ann]: { [devices[0]]: 2 } });
  });

  it('groups what was set aside by device, and counts its reasons', async () => {
    const nobody = { subject: null };
    const outcome = await resultsOf(
      record('10:00', 0, { aside: 'UNASSIGNED', observations: [observation('10:00', nobody)] }),
      record('10:00', 1, { aside: 'CONFLICT', observations: [observation('10:01')] }),
      record('10:00', 2, { aside: 'CONFLICT', device: devices[1] }),
    );

    const rows = rowsOf(textOf(outcome, 'minute-means.csv'));
    expect(rows.map(({ subject }) => subject)).toEqual(Array(2).fill(`device:${devices[0]}`));
    expect(qcOf(outcome)).toMatchObject({
      records: 3,
      aside: { UNASSIGNED: 1, UNREGISTERED: 0, REVOKED: 0, CONFLICT: 2, MISDIRECTED: 0 },
      devices: { [`device:${devices[0]}`]: { [devices[0]]: 2 } },
    });
    expect(outcome.files.get('coverage.svg')?.toString()).toContain(`device:${devices[0]}`);
  });

  it('tells what came late, and what is of another day', async () => {
    const outcome = await resultsOf(
      record('00:10', 0, {
        receivedAt: at('24:10'),
        observations: [observation('00:10'), observation('-1:00'), observation('24:00')],
      }),
      record('10:15', 1, { observations: [observation('10:00')] }),
    );

    expect(qcOf(outcome)).toMatchObject({
      observations: { all: 3 + 1, counted: 4, ofAnotherDay: 2 },
      late: { moreThan15Minutes: 0, receivedOnAnotherDay: 1 },
    });
  });
});

describe('vitals-stream on several objects', () => {
  const { hertz } = ecgFormat;
  const ecg = readEcgRecording().samples.slice(0, 10 * hertz);
  const records = [
    ...heartRates('10:00', [80.1, 39.2, 39.7, 38.3, undefined, 81]),
    ...heartRates('10:02', [60.3, 150, 140.7, 133]).map((one) => ({ ...one, boot: boots[1] })),
    record('10:02', 30, { waveforms: [ecgBlock('10:02', ecg), ecgBlock('11:59:55', ecg)] }),
    record('10:03', 31, { observations: [observation('10:03', { subject: ben, value: 0.1 })] }),
    record('10:03', 0, {
      device: devices[1],
      correctionMs: 7_000,
      observations: [observation('10:03', { value: 0.2 }), observation('10:03', { value: 1e11 })],
    }),
  ];
  const even = sensorObject(records.filter((_, index) => index % 2 === 0));
  const odd = sensorObject(records.filter((_, index) => index % 2 === 1));

  it('gives the same bytes in both orders, and from one object', async () => {
    const there = await bench.runStudy([even, odd]);
    const back = await bench.runStudy([odd, even]);
    const whole = await bench.runStudy([sensorObject([...records].reverse())]);

    expect([...there.files.keys()].sort()).toEqual([...bench.pipeline.contract.resultFiles].sort());
    expect(back.files).toEqual(there.files);
    expect(whole.files).toEqual(there.files);
  });

  it('gives other bytes where one value differs', async () => {
    const there = await bench.runStudy([even, odd]);
    const other = await bench.runStudy([even, odd.replace('"value":39.2', '"value":39.3')]);

    expect(other.files.get('minute-means.csv')).not.toEqual(there.files.get('minute-means.csv'));
  });

  it('draws both figures, and says in them that they are for research only', async () => {
    const outcome = await bench.runStudy([even, odd]);

    expect(textOf(outcome, 'vitals-over-time.svg')).toContain('For research only.');
    for (const name of ['vitals-over-time.svg', 'coverage.svg']) {
      expect(textOf(outcome, name)).toMatch(/^<svg [^]*<\/svg>\n$/);
      expect(textOf(outcome, name)).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('draws a day without a value', async () => {
    const outcome = await bench.runStudy([sensorObject([record('10:00', 0)])]);

    expect(outcome).toMatchObject({ exitCode: exitCode.done, printed: '' });
    expect(textOf(outcome, 'coverage.svg')).toContain('no data');
    expect(qcOf(outcome)).toMatchObject({ records: 1, messages: 1 });
  });

  it('refuses objects of different days', async () => {
    const outcome = await bench.runStudy([even, sensorObject(records, { day: '2026-05-05' })]);

    expect(outcome).toMatchObject({ exitCode: exitCode.badData, reason: 'DIFFERENT_DAYS' });
  });

  it.each([
    ['no object', new Map(), 'NO_PARTIALS'],
    ['an object without its partial', numbered([new Map()]), 'MISSING_PARTIAL'],
  ])('refuses %s', async (_, outputs, reason) => {
    const outcome = await bench.consolidate(outputs);

    expect(outcome).toMatchObject({ exitCode: exitCode.badData, reason, printed: '' });
  });
});

describe('vitals-stream on an object of the size that the poller makes', () => {
  it('counts each of a thousand messages and four thousand values, 200 of them with an ECG', async () => {
    const ecg = readEcgRecording().samples.slice(0, 3_600);
    const records = Array.from({ length: 1_000 }, (_, seq) => {
      const time = `10:00:${seq * 5}`;
      return record(time, seq, {
        observations: [80, 81, 82, 83].map((value) => observation(time, { value })),
        waveforms: seq % 5 === 0 ? [ecgBlock(time, ecg)] : [],
      });
    });

    const outcome = await bench.runStudy([sensorObject(records)]);

    expect(qcOf(outcome)).toMatchObject({
      records: 1_000,
      messages: 1_000,
      observations: { all: 4_000, counted: 4_000 },
      waveforms: { counted: 200, blocks: { JUDGED: 200 } },
    });
    const rates = rowsOf(textOf(outcome, 'heart-rate.csv'));
    expect(rates.reduce((sum, { intervals }) => sum + Number(intervals), 0)).toBe(200 * 16);
  });
});
