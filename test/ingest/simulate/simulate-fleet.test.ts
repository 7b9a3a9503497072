import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pocACanaries } from '../../../synthetic/poc-a.ts';
import { mostMessageBytes, SensorMessage } from '../../../ingest/model/sensor-message.ts';
import { readEcgRecording } from '../../../ingest/simulate/ecg-recording.ts';
import { DroppedRun, FleetReport, totalOf } from '../../../ingest/simulate/fleet-report.ts';
import { simulateFleet } from '../../../ingest/simulate/simulate-fleet.ts';
import type { SimulatedMessage } from '../../../ingest/simulate/simulated-device.ts';
import { allFaults, deviceIds, makePlan, sentAt, takeAll } from './plan.ts';

const digest = (messages: readonly SimulatedMessage[]): string =>
  messages.reduce((hash, { payload }) => hash.update(payload), createHash('sha256')).digest('hex');

const read = ({ payload }: SimulatedMessage): SensorMessage =>
  SensorMessage.parse(JSON.parse(payload.toString()));

const ofKind = (messages: readonly SimulatedMessage[], kind: SimulatedMessage['kind']) =>
  messages.filter((message) => message.kind === kind);

/** What a receiver finds missing that goes by nothing but the messages. */
function findGaps(messages: readonly SensorMessage[]): DroppedRun[] {
  const boots = new Map<string, { device: string; seqs: Set<number>; expected: number }>();
  const bootOf = (device: string, boot: string) =>
    boots.get(boot) ?? boots.set(boot, { device, seqs: new Set(), expected: 0 }).get(boot)!;
  for (const { device, boot, seq, previous } of messages) {
    const own = bootOf(device, boot);
    own.seqs.add(seq);
    own.expected = Math.max(own.expected, seq + 1);
    if (previous) bootOf(device, previous.boot).expected = previous.messages;
  }
  const gaps: DroppedRun[] = [];
  for (const [boot, { device, seqs, expected }] of boots) {
    for (let seq = 0; seq < expected; seq += 1) {
      if (seqs.has(seq)) continue;
      const last = gaps.at(-1);
      if (last?.boot === boot && last.toSeq === seq - 1) last.toSeq = seq;
      else gaps.push({ device, boot, fromSeq: seq, toSeq: seq });
    }
  }
  return gaps;
}

const byPlace = (a: DroppedRun, b: DroppedRun): number =>
  a.boot.localeCompare(b.boot) || a.fromSeq - b.fromSeq;

describe('a simulated fleet', () => {
  it('sends a message for each slot of the span, in order, where nothing goes wrong', () => {
    const { messages, report } = takeAll(makePlan());
    const own = messages.filter(({ device }) => device === deviceIds[0]).map(read);

    expect(messages).toHaveLength(3 * 288);
    expect(own.map(({ seq }) => seq)).toEqual(Array.from({ length: 288 }, (_, seq) => seq));
    expect(new Set(own.map(({ boot }) => boot)).size).toBe(1);
    expect(own.every(({ previous }) => previous === undefined)).toBe(true);
    expect(messages[0]?.topic).toBe('czar/czarhipaa/v1/d/bzmqjxjsd/obs');
    const times = own.map(({ observations }) => Date.parse(observations[0]!.at));
    expect(new Set(times.slice(1).map((time, index) => time - times[index]!))).toEqual(
      new Set([300_000]),
    );
    expect(new Date(times[0]!).toISOString() >= '2026-11-22T00:00:00.000Z').toBe(true);
    expect(new Date(times.at(-1)!).toISOString() < '2026-11-23').toBe(true);
    expect(report.gaps).toEqual([]);
    expect(totalOf(report, 'observations')).toBe(3 * 288 * 4);
    expect(totalOf(report, 'late')).toBe(0);
  });

  it('makes the same bytes of the same seed, and others of another', () => {
    const first = takeAll(makePlan({ faults: allFaults }));
    const second = takeAll(makePlan({ faults: allFaults }));
    const other = takeAll(makePlan({ faults: allFaults, seed: 5 }));

    expect(digest(second.messages)).toBe(digest(first.messages));
    expect(second.report).toEqual(first.report);
    expect(digest(other.messages)).not.toBe(digest(first.messages));
  });

  it('measures the same, whatever goes wrong with the messages', () => {
    const valuesOf = (messages: readonly SimulatedMessage[]) =>
      messages
        .filter(({ device, kind }) => device === deviceIds[1] && kind === 'FIRST')
        .map(read)
        .map(({ observations }) => observations.map(({ value }) => value).join());
    const calm = new Set(valuesOf(takeAll(makePlan()).messages));
    const faults = { ...allFaults, impossible: 0 };

    const wild = valuesOf(takeAll(makePlan({ faults })).messages);

    expect(wild.every((values) => calm.has(values))).toBe(true);
  });

  it('spreads a number of messages over the devices and the span', () => {
    const { messages, report } = takeAll(makePlan({ messages: 100, lastsMs: 3_600_000 }));

    const last = read(messages.findLast(({ device }) => device === deviceIds[2])!);
    expect(report.devices.map(({ numbered }) => numbered)).toEqual([34, 33, 33]);
    expect(last.observations[0]!.at > '2026-11-22T00:56').toBe(true);
    expect(last.observations[0]!.at < '2026-11-22T01').toBe(true);
  });

  it('sends valid messages of at most what AWS IoT takes, and ten seconds of ECG in every tenth', () => {
    const { messages, report } = takeAll(makePlan());
    const { sections } = readEcgRecording();

    const waveforms = messages.flatMap((message) => read(message).waveforms);
    expect(waveforms).toHaveLength(3 * 29);
    expect(totalOf(report, 'ecgBlocks')).toBe(3 * 29);
    const beats = waveforms.map(
      ({ samples }) => sections.find((section) => section.samples === samples)!.beats,
    );
    expect(totalOf(report, 'ecgBeats')).toBe(beats.reduce((total, count) => total + count, 0));
    expect(waveforms[0]).toMatchObject({ code: '11524-6', hertz: 360, unit: 'mV' });
    const sizes = messages.map(({ payload }) => payload.length);
    expect(Math.max(...sizes)).toBeLessThan(mostMessageBytes / 8);
  });

  it('sends sections of a device one after the other, and leaves them out where none are wanted', () => {
    const { sections } = readEcgRecording();
    const order = (messages: readonly SimulatedMessage[]) =>
      messages
        .filter(({ device }) => device === deviceIds[0])
        .flatMap((message) => read(message).waveforms)
        .map(({ samples }) => sections.findIndex((section) => section.samples === samples));

    const [first, ...rest] = order(takeAll(makePlan({ ecgEvery: 1 })).messages);

    expect(rest.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6].map((step) => (first! + step) % 6));
    expect(order(takeAll(makePlan({ ecgEvery: 0 })).messages)).toEqual([]);
  });

  it('has values that a living person can have, and none of a patient', () => {
    const { messages } = takeAll(makePlan({ faults: allFaults }));
    const calm = takeAll(makePlan()).messages.map(read);

    const sent = Buffer.concat(messages.map(({ payload }) => payload)).toString('latin1');
    expect(sent).not.toMatch(/patient|subject|john|"(name|id|mrn|birth)/i);
    for (const canary of pocACanaries) expect(sent).not.toContain(canary);
    const range = { '8867-4': [80, 125], '59408-5': [93, 100], '9279-1': [9, 24] };
    for (const [code, [least, most]] of Object.entries(range)) {
      const values = calm
        .flatMap(({ observations }) => observations)
        .filter((observation) => observation.code === code)
        .map(({ value }) => value);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(least!);
      expect(Math.max(...values)).toBeLessThanOrEqual(most!);
      expect(new Set(values).size).toBeGreaterThan(3);
    }
  });
});

describe('the report of a fleet with every fault', () => {
  const plan = makePlan({ faults: allFaults });
  const { messages, report } = takeAll(plan);
  const first = ofKind(messages, 'FIRST').map(read);

  it('is of a form that a reader can rely on', () => {
    expect(FleetReport.parse(report)).toEqual(report);
    for (const device of report.devices) {
      const { sent, distinct, duplicates, conflicts, poison } = device;
      expect(distinct + duplicates + conflicts + poison).toBe(sent);
      expect(device.numbered - device.dropped).toBe(distinct);
      expect(device.boots.reduce((total, { messages: count }) => total + count, 0)).toBe(
        device.numbered,
      );
    }
  });

  it('has the gaps that a receiver finds, no more and no less', () => {
    const found = findGaps(first);

    expect(report.gaps.length).toBeGreaterThan(20);
    expect(found.toSorted(byPlace)).toEqual(report.gaps.toSorted(byPlace));
    expect(totalOf(report, 'dropped')).toBe(
      report.gaps.reduce((total, { fromSeq, toSeq }) => total + toSeq - fromSeq + 1, 0),
    );
  });

  it('would not have them, were a single message lost besides', () => {
    const found = findGaps(first.filter((_, index) => index !== 100));

    expect(found.toSorted(byPlace)).not.toEqual(report.gaps.toSorted(byPlace));
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'has them of short boots and a great many drops as well: seed %i',
    (seed) => {
      const faults = { drops: 0.7, reboots: 40, reorder: 20, duplicates: 0.2 };
      const short = takeAll(makePlan({ seed, messages: 600, faults }));

      const found = findGaps(ofKind(short.messages, 'FIRST').map(read));
      expect(found.toSorted(byPlace)).toEqual(short.report.gaps.toSorted(byPlace));
    },
  );

  it('counts what was sent twice: the same bytes, and the same number with others', () => {
    const payloads = new Map(
      ofKind(messages, 'FIRST').map((message) => {
        const { boot, seq } = read(message);
        return [`${boot} ${seq}`, message.payload] as const;
      }),
    );
    const seen = ofKind(messages, 'FIRST').map(({ payload }) => payload.toString());
    const duplicates = ofKind(messages, 'DUPLICATE');
    const conflicts = ofKind(messages, 'CONFLICT');

    expect(totalOf(report, 'duplicates')).toBe(duplicates.length);
    expect(duplicates.length).toBeGreaterThan(20);
    expect(duplicates.every(({ payload }) => seen.includes(payload.toString()))).toBe(true);
    expect(totalOf(report, 'conflicts')).toBe(conflicts.length);
    expect(conflicts.length).toBeGreaterThan(10);
    const numbers = conflicts.map(read).map(({ device, boot, seq }) => ({ device, boot, seq }));
    expect(new Set(report.conflicts.map((one) => JSON.stringify(one)))).toEqual(
      new Set(numbers.map((one) => JSON.stringify(one))),
    );
    for (const message of conflicts) {
      const { boot, seq } = read(message);
      expect(payloads.get(`${boot} ${seq}`)).toBeDefined();
      expect(payloads.get(`${boot} ${seq}`)).not.toEqual(message.payload);
    }
  });

  it('never sends a second time before the first', () => {
    const seen = new Set<string>();
    for (const message of messages) {
      if (message.kind === 'POISON') continue;
      const { boot, seq } = read(message);
      expect(message.kind === 'FIRST').toBe(!seen.has(`${boot} ${seq}`));
      seen.add(`${boot} ${seq}`);
    }
  });

  it('reorders within a window, and counts what was late', () => {
    for (const device of deviceIds) {
      const reported = report.devices.find((one) => one.device === device)!;
      const starts = new Map<string, number>();
      let start = 0;
      for (const { boot, messages: count } of reported.boots) {
        starts.set(boot, start);
        start += count;
      }
      const slots = first
        .filter((message) => message.device === device)
        .map(({ boot, seq }) => starts.get(boot)! + seq);
      let highest = -1;
      let late = 0;
      for (const slot of slots) {
        if (slot < highest) late += 1;
        highest = Math.max(highest, slot);
        expect(highest - slot).toBeLessThanOrEqual(allFaults.reorder);
      }
      expect(reported.late).toBe(late);
      expect(late).toBeGreaterThan(10);
    }
  });

  it('tells with every message of a boot how many the one before numbered', () => {
    for (const { device, boots } of report.devices) {
      expect(boots).toHaveLength(1 + allFaults.reboots);
      for (const [index, { boot }] of boots.entries()) {
        const told = first
          .filter((message) => message.device === device && message.boot === boot)
          .map(({ previous }) => previous);
        expect(told.length).toBeGreaterThan(0);
        expect(new Set(told.map((one) => JSON.stringify(one)))).toEqual(
          new Set([JSON.stringify(boots[index - 1])]),
        );
      }
    }
  });

  it('gives every device a skew, by which all its times are off', () => {
    const calm = takeAll(makePlan()).messages.map(read);
    for (const { device, skewMs } of report.devices) {
      const own = first.find((message) => message.device === device && message.seq > 0)!;
      const right = calm.find((message) => message.device === device && message.seq === own.seq)!;
      expect(Math.abs(skewMs)).toBeGreaterThan(0);
      expect(Math.abs(skewMs)).toBeLessThanOrEqual(900_000);
      expect(own.sentAt).toBe(new Date(sentAt + skewMs).toISOString());
      expect(Date.parse(own.observations[0]!.at)).toBe(
        Date.parse(right.observations[0]!.at) + skewMs,
      );
    }
  });

  it('counts values of the future and impossible ones', () => {
    const values = first.flatMap((message) =>
      message.observations.map((observation) => ({ ...observation, sentAt: message.sentAt })),
    );
    const future = values.filter(({ at, sentAt: sent }) => at > sent);
    const impossible = values.filter(
      ({ code, value }) =>
        (code === '8867-4' && value > 300) ||
        (code === '59408-5' && value > 100) ||
        (code === '9279-1' && value > 100),
    );

    expect(future.length).toBeGreaterThan(5);
    expect(totalOf(report, 'futureValues')).toBe(future.length);
    expect(impossible.length).toBeGreaterThan(5);
    expect(totalOf(report, 'impossibleValues')).toBe(impossible.length);
    expect(totalOf(report, 'observations')).toBe(values.length);
  });

  it('sends poison that no receiver takes, and counts it', () => {
    const poison = ofKind(messages, 'POISON');

    expect(poison.length).toBeGreaterThan(10);
    expect(totalOf(report, 'poison')).toBe(poison.length);
    for (const message of poison) expect(() => read(message)).toThrow();
  });

  it('counts the connections that are cut', () => {
    const cuts = messages.filter(({ cutsConnection }) => cutsConnection);

    expect(cuts.length).toBeGreaterThan(2);
    expect(totalOf(report, 'disconnects')).toBe(cuts.length);
  });
});

describe('a fleet that is ended early', () => {
  it('sends what it holds and one message more, and its report is exact', () => {
    const plan = makePlan({ faults: { ...allFaults, drops: 0.5, reorder: 30 } });
    const fleet = simulateFleet(plan, { now: () => sentAt });
    const messages: SimulatedMessage[] = [];
    for (const message of fleet.messages()) {
      messages.push(message);
      if (messages.length === 200) fleet.end();
    }

    const report = fleet.report();

    const first = ofKind(messages, 'FIRST').map(read);
    expect(report.interrupted).toBe(true);
    expect(totalOf(report, 'numbered')).toBeLessThan(fleet.numbered);
    expect(totalOf(report, 'sent')).toBe(messages.length);
    expect(totalOf(report, 'distinct')).toBe(first.length);
    expect(findGaps(first).toSorted(byPlace)).toEqual(report.gaps.toSorted(byPlace));
  });
});

describe('a plan', () => {
  it.each<[string, object, string]>([
    ['fewer messages than devices', { messages: 2 }, 'messages must be at least one for each'],
    [
      'more reboots than messages',
      { messages: 9, faults: { reboots: 3 } },
      'reboots must be fewer',
    ],
    ['no device', { devices: [] }, 'devices must be at least one'],
    [
      'a device twice',
      { devices: [0, 1].map(() => ({ device: deviceIds[0], everySeconds: 60 })) },
      'devices must have ids of their own',
    ],
    ['a share above one', { faults: { duplicates: 1.1 } }, 'duplicates'],
    ['a fault that is none', { faults: { gremlins: 1 } }, 'gremlins'],
  ])('of %s is refused', (_what, changes, sentence) => {
    expect(() => makePlan(changes)).toThrow(sentence);
  });
});
