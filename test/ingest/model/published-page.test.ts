import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  DeviceTime,
  mostMessageBytes,
  Observation,
  SensorMessage,
  UcumUnit,
  Waveform,
} from '../../../ingest/model/sensor-message.ts';
import { AsideReason, ValueFlag } from '../../../ingest/model/sensor-object.ts';
import { observationTopic } from '../../../ingest/model/topic.ts';
import { codeAlphabet, isCode } from '../../../workflow/model/code.ts';

const page = readFileSync(new URL('../../../docs/sensors.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text = '']) => text);
const parsed = examples.map((text) => SensorMessage.parse(JSON.parse(text)));

/** The rows of the table of fields: names, and what the page says of them. */
const documented = new Map(
  [...section('## The message').matchAll(/^\| `([a-zA-Z.]+)` +\| (.*?) +\|$/gm)].map(
    ([, field = '', text = '']) => [field, text],
  ),
);

function section(heading: string): string {
  const start = page.indexOf(heading);
  const next = page.indexOf('\n## ', start + 1);
  return page.slice(start, next === -1 ? undefined : next);
}

/** The names of all fields of a schema, those of objects and lists in it as `list.field`. */
function fieldsOf(schema: unknown, path = ''): string[] {
  if (schema instanceof z.ZodOptional) return fieldsOf(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element, path);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, inner]) => [
    path + name,
    ...fieldsOf(inner, `${path}${name}.`),
  ]);
}

const accepts = (change: Record<string, unknown>): boolean =>
  SensorMessage.safeParse({ ...parsed[0], ...change }).success;

describe('the published page', () => {
  it('has two examples that are messages as they stand', () => {
    expect(parsed).toHaveLength(2);
    expect(parsed[0]?.observations.length).toBeGreaterThan(0);
    expect(parsed[1]?.waveforms.length).toBeGreaterThan(0);
  });

  it('has an example in which the second boot tells of the first, as it says', () => {
    const [first, second] = parsed;

    expect(second?.previous).toEqual({ boot: first?.boot, messages: first!.seq + 1 });
    expect(second?.device).toBe(first?.device);
  });

  it('lists every field of the message, in its order, and no other', () => {
    expect([...documented.keys()]).toEqual(fieldsOf(SensorMessage));
  });

  it('would miss a field that is new, or gone', () => {
    const more = z.strictObject({ ...SensorMessage.shape, battery: z.number() });
    const less = SensorMessage.omit({ boot: true });

    expect(fieldsOf(more)).not.toEqual([...documented.keys()]);
    expect(fieldsOf(less)).not.toEqual([...documented.keys()]);
  });

  it.each(
    [...documented.keys()]
      .filter((field) => !field.includes('.'))
      .map((field) => ({ field, optional: documented.get(field)?.startsWith('optional') })),
  )('says rightly whether $field may be left out', ({ field, optional }) => {
    expect(accepts({ [field]: undefined })).toBe(optional);
  });

  it('says rightly what is refused, and what is the most', () => {
    const observation = Observation.parse(parsed[0]?.observations[0]);
    const waveform = Waveform.parse(parsed[1]?.waveforms[0]);

    expect(accepts({})).toBe(true);
    expect(accepts({ patient: 'x' })).toBe(false);
    expect(documented.get('observations')).toContain('at most 1000 ');
    expect(accepts({ observations: Array(1000).fill(observation) })).toBe(true);
    expect(accepts({ observations: Array(1001).fill(observation) })).toBe(false);
    expect(documented.get('waveforms')).toContain('at most 16 ');
    expect(accepts({ waveforms: Array(16).fill(waveform) })).toBe(true);
    expect(accepts({ waveforms: Array(17).fill(waveform) })).toBe(false);
    expect(documented.get('seq')).toContain('to 2147483647');
    expect([accepts({ seq: 2_147_483_647 }), accepts({ seq: 2_147_483_648 })]).toEqual([
      true,
      false,
    ]);
    expect(accepts({ observations: [], waveforms: [] })).toBe(true);
    expect(documented.get('waveforms.hertz')).toContain('at most 100000');
    expect(Waveform.safeParse({ ...waveform, hertz: 100_001 }).success).toBe(false);
    expect(documented.get('observations.unit')).toContain('at most 32 ');
    expect(UcumUnit.safeParse('x'.repeat(33)).success).toBe(false);
    expect(page).toContain(`at most ${mostMessageBytes} bytes`);
  });

  it('says rightly how times, codes and units look', () => {
    const [, time = ''] = /^Times are .*`([^`]+)`\./m.exec(page) ?? [];

    expect(DeviceTime.safeParse(time).success).toBe(true);
    for (const wrong of [time.replace('.000', ''), time.replace('Z', '+00:00')]) {
      expect(DeviceTime.safeParse(wrong).success).toBe(false);
    }
    const units = documented.get('observations.unit')?.match(/(?<=`)[^`,]+(?=`)/g) ?? [];
    expect(units.length).toBeGreaterThan(3);
    for (const unit of units) expect(UcumUnit.safeParse(unit).success).toBe(true);
  });

  it('has the topic to publish to', () => {
    expect(page).toContain(`\n${observationTopic('<study>', '<device>')}\n`);
  });

  it('tells how to mint a boot’s code, so that it is one', () => {
    expect(section('## The message')).toContain(`Nine letters of \`${codeAlphabet}\``);
    expect([codeAlphabet.indexOf('b'), codeAlphabet.indexOf('z')]).toEqual([0, 18]);
    for (const first of ['bbbbbbbb', 'zzzzzzzz', 'qdzkfsng', 'zbcdfghj']) {
      const letters = Array.from(first);
      const sum = letters.reduce(
        (total, letter, index) => total + codeAlphabet.indexOf(letter) * (index + 1),
        0,
      );
      expect(isCode(first + codeAlphabet.charAt(sum % 19))).toBe(true);
    }
  });

  it('tells of every reason to set a message aside, and of every flag', () => {
    const refused = section('## What is refused, and how');

    for (const code of [...AsideReason.options, ...ValueFlag.options]) {
      expect(refused).toContain(`\`${code}\``);
    }
  });

  it('has examples of commands with codes that czar takes', () => {
    const commands = section('## What a researcher does and sees');

    const codes = /czar iot assign (\w+) (\w+)/.exec(commands)?.slice(1) ?? [];
    expect(codes.map((text) => [text.length, isCode(text)])).toEqual([
      [9, true],
      [7, true],
    ]);
  });
});
