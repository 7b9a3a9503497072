import type { SensorObjectHeader, SensorRecord } from '../../ingest/model/sensor-object.ts';
import { judgeBlock, type BlockVerdict } from './ecg/judge-block.ts';
import { firstMinuteOf, minuteOf, minutesPerDay } from './minutes.ts';
import type { PartialWriter } from './partial.ts';
import { toUnits } from './value-units.ts';
import { decodeSamples, isEcg, minutesOf } from './waveform-block.ts';

/** What `qc.json` says of a block: how its ECG was judged, or why it was not. */
export type BlockFate = BlockVerdict | 'NOT_ECG' | 'LONGER_THAN_A_DAY';

type Value = SensorRecord['observations'][number];
type Block = SensorRecord['waveforms'][number];

/** A record that comes so much later than its last value was kept on the device. */
const lateMs = 15 * 60_000;

/** Adds what one record says to the object's partial. */
export function summariseRecord(
  record: SensorRecord,
  header: SensorObjectHeader,
  partial: PartialWriter,
): void {
  const count = (name: string): void => partial.count({ kind: 'COUNT', name });
  const firstMinute = firstMinuteOf(header.day);
  const isOfDay = (minute: number): boolean =>
    minute >= firstMinute && minute < firstMinute + minutesPerDay;

  count('records');
  const { device, boot, seq } = record;
  partial.count({ kind: 'MESSAGE', subject: device, name: boot, minute: seq });
  if (record.aside !== undefined) count(`aside ${record.aside}`);
  if (!isOfDay(minuteOf(Date.parse(record.receivedAt)))) count('received on another day');
  if (isLate(record)) count('late');
  if (record.correctionMs !== 0) {
    partial.add({ kind: 'CLOCK', name: device }, BigInt(record.correctionMs));
  }
  const subjects = new Set(
    [...record.observations, ...record.waveforms].map((value) => subjectOf(record, value)),
  );
  for (const subject of subjects) partial.count({ kind: 'DEVICE', subject, name: device });

  for (const observation of record.observations) {
    count('observations');
    for (const flag of new Set(observation.flags)) count(`observation ${flag}`);
    if (observation.flags.length > 0) continue;
    const minute = minuteOf(Date.parse(observation.correctedAt));
    if (!isOfDay(minute)) count('observation of another day');
    addObservation(observation, subjectOf(record, observation), minute, partial);
  }
  for (const waveform of record.waveforms) {
    count('waveforms');
    for (const flag of new Set(waveform.flags)) count(`waveform ${flag}`);
    if (waveform.flags.length > 0) continue;
    count('waveform counted');
    if (!isOfDay(minuteOf(Date.parse(waveform.correctedAt)))) count('waveform of another day');
    addWaveform(waveform, subjectOf(record, waveform), partial);
  }
}

/** Whom a value is counted for. What was set aside is nobody's: it goes by its device. */
function subjectOf(record: SensorRecord, { subject }: Value | Block): string {
  return record.aside === undefined && subject !== null ? subject : `device:${record.device}`;
}

function isLate({ receivedAt, observations, waveforms }: SensorRecord): boolean {
  const times = [...observations, ...waveforms]
    .filter(({ flags }) => !flags.includes('FUTURE'))
    .map(({ correctedAt }) => Date.parse(correctedAt));
  return times.length > 0 && Date.parse(receivedAt) - Math.max(...times) > lateMs;
}

function addObservation(
  { code, unit, value }: Value,
  subject: string,
  minute: number,
  partial: PartialWriter,
): void {
  const units = toUnits(value);
  if (units === undefined) {
    partial.count({ kind: 'COUNT', name: 'observation too large' });
    return;
  }
  partial.count({ kind: 'COUNT', name: 'observation counted' });
  partial.add({ kind: 'VALUE', subject, minute, name: code, unit }, units);
  partial.count({ kind: 'DATA', subject, minute });
}

function addWaveform(block: Block, subject: string, partial: PartialWriter): void {
  const countBlock = (fate: BlockFate): void =>
    partial.count({ kind: 'COUNT', name: `block ${fate}` });
  const samples = decodeSamples(block);
  const minutes = minutesOf(block, samples.length);
  if (minutes === undefined) {
    countBlock('LONGER_THAN_A_DAY');
    return;
  }
  for (let minute = minutes.first; minute <= minutes.last; minute++) {
    partial.count({ kind: 'DATA', subject, minute });
  }
  if (!isEcg(block)) {
    countBlock('NOT_ECG');
    return;
  }
  const { verdict, intervals, outside } = judgeBlock(samples, block.hertz);
  countBlock(verdict);
  if (outside > 0) partial.count({ kind: 'COUNT', name: 'interval outside' }, outside);
  const startMs = Date.parse(block.correctedAt);
  for (const { endsAtSeconds, microseconds } of intervals) {
    const minute = minuteOf(startMs + endsAtSeconds * 1000);
    partial.add({ kind: 'INTERVAL', subject, minute }, BigInt(microseconds));
  }
}
