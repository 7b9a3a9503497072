import type { Observation } from '../model/sensor-message.ts';
import type { RandomSource } from './random-source.ts';

/** A quantity that a device measures: how it lies about a middle, and a value that no living person has. */
interface Quantity {
  readonly code: string;
  readonly unit: string;
  readonly middle: number;
  /** How far the middle of one device is from that of all. */
  readonly person: number;
  /** How far a day moves it: highest in the afternoon. */
  readonly daily: number;
  /** How far it moves from one value to the next. */
  readonly step: number;
  readonly least: number;
  readonly most: number;
  readonly decimals: number;
  readonly impossible: number;
}

/** The heart rate lies about the rate of the ECG that the devices send, 101 beats a minute. */
const quantities: readonly Quantity[] = [
  {
    code: '8867-4', // Heart rate
    unit: '/min',
    middle: 101,
    person: 4,
    daily: 3,
    step: 1.5,
    least: 80,
    most: 125,
    decimals: 0,
    impossible: 900,
  },
  {
    code: '59408-5', // Oxygen saturation in arterial blood by pulse oximetry
    unit: '%',
    middle: 97,
    person: 1,
    daily: 0,
    step: 0.4,
    least: 93,
    most: 100,
    decimals: 0,
    impossible: 140,
  },
  {
    code: '9279-1', // Respiratory rate
    unit: '/min',
    middle: 15,
    person: 2,
    daily: 1,
    step: 0.8,
    least: 9,
    most: 24,
    decimals: 0,
    impossible: 400,
  },
  {
    code: '8310-5', // Body temperature
    unit: 'Cel',
    middle: 36.8,
    person: 0.2,
    daily: 0.3,
    step: 0.05,
    least: 35.8,
    most: 37.9,
    decimals: 1,
    impossible: 80,
  },
];

/** Values of one message. */
export const valuesPerMessage = quantities.length;

/** The same observation with a value that its quantity never has, in its own unit. */
export function madeImpossible(observation: Observation): Observation {
  const quantity = quantities.find(({ code }) => code === observation.code);
  if (quantity === undefined) throw new RangeError('no device measures this code');
  return { ...observation, value: quantity.impossible };
}

/** What one wearer's body does over a day: values that drift, all of them possible, none alarming. */
export class Vitals {
  readonly #random: RandomSource;
  readonly #middles: readonly number[];
  readonly #drifts: number[];

  constructor(random: RandomSource) {
    this.#random = random;
    this.#middles = quantities.map(
      ({ middle, person }) => middle + random.between(-person, person),
    );
    this.#drifts = quantities.map(() => 0);
  }

  /** The values of a moment; `at` is how the device's clock has it. Each call is a step further. */
  measure(moment: number, at: string): Observation[] {
    const dayShare = (moment % 86_400_000) / 86_400_000;
    const wave = Math.sin(2 * Math.PI * (dayShare - 0.375));
    return quantities.map((quantity, place) => {
      const { code, unit, daily, step, least, most, decimals } = quantity;
      // Pulled back a little each time, so that it drifts and does not run away.
      const drift = 0.9 * (this.#drifts[place] ?? 0) + this.#random.between(-step, step);
      this.#drifts[place] = drift;
      const value = (this.#middles[place] ?? 0) + daily * wave + drift;
      const unitStep = 10 ** decimals;
      const rounded = Math.round(Math.min(most, Math.max(least, value)) * unitStep) / unitStep;
      return { at, code, value: rounded, unit };
    });
  }
}
