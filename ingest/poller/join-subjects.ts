import type { Assignment } from '../model/sensor-items.ts';
import type { AsideReason, SensorRecord, ValueFlag } from '../model/sensor-object.ts';
import { isImpossible, isImpossibleWaveform } from './plausible-values.ts';
import type { Incoming } from './read-message.ts';
import { isFuture } from './sensor-time.ts';

/**
 * Whom a device was assigned to at a moment; undefined where it was nobody, or cannot be told: where two
 * have it at once, neither is guessed.
 */
function subjectAt(assignments: readonly Assignment[], moment: number): string | undefined {
  const subjects = new Set(
    assignments
      .filter(({ from, to }) => {
        return Date.parse(from) <= moment && (to === undefined || moment < Date.parse(to));
      })
      .map(({ subject }) => subject),
  );
  const [subject] = subjects;
  return subjects.size === 1 ? subject : undefined;
}

/** Makes the record of a message that is set aside as a whole. Whose it is is not asked. */
export function asideRecord(incoming: Incoming, aside: AsideReason): SensorRecord {
  const { observations, waveforms } = valuesOf(incoming, () => undefined);
  return { ...headOf(incoming), aside, observations, waveforms };
}

/**
 * Joins a message with whom the device was assigned to, each value by its own corrected time.
 *
 * Values of nobody go into a second record, which is set aside. A message without a value is stored as
 * it is: that it came is a fact, too.
 */
export function joinSubjects(
  incoming: Incoming,
  assignments: readonly Assignment[],
): SensorRecord[] {
  const { observations, waveforms } = valuesOf(incoming, (moment) =>
    subjectAt(assignments, moment),
  );
  const head = headOf(incoming);
  const isKnown = ({ subject }: { readonly subject: string | null }): boolean => subject !== null;
  const isNobodys = ({ subject }: { readonly subject: string | null }): boolean => subject === null;
  const assigned = {
    ...head,
    observations: observations.filter(isKnown),
    waveforms: waveforms.filter(isKnown),
  };
  const unassigned: SensorRecord = {
    ...head,
    aside: 'UNASSIGNED',
    observations: observations.filter(isNobodys),
    waveforms: waveforms.filter(isNobodys),
  };
  if (isEmpty(unassigned)) return [assigned];
  return isEmpty(assigned) ? [unassigned] : [assigned, unassigned];
}

const isEmpty = ({ observations, waveforms }: SensorRecord): boolean =>
  observations.length + waveforms.length === 0;

function headOf(incoming: Incoming) {
  const { device, message, receivedAt, correctionMs } = incoming;
  const { boot, seq, sentAt } = message;
  return { device, boot, seq, sentAt, receivedAt: iso(receivedAt), correctionMs };
}

function valuesOf(
  { message, correctionMs }: Incoming,
  subjectOf: (moment: number) => string | undefined,
): Pick<SensorRecord, 'observations' | 'waveforms'> {
  const join = (at: string, isImpossible: boolean) => {
    const moment = Date.parse(at) + correctionMs;
    const flags: ValueFlag[] = [];
    if (isImpossible) flags.push('IMPOSSIBLE');
    if (isFuture(at, message.sentAt)) flags.push('FUTURE');
    return { subject: subjectOf(moment) ?? null, correctedAt: iso(moment), flags };
  };
  return {
    observations: message.observations.map((observation) => ({
      ...observation,
      ...join(observation.at, isImpossible(observation)),
    })),
    waveforms: message.waveforms.map((waveform) => ({
      ...waveform,
      ...join(waveform.startsAt, isImpossibleWaveform(waveform)),
    })),
  };
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
