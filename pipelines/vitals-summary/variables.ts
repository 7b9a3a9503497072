/** A measured column of the visits table. */
export interface Variable {
  /** The name in the file's header and in the results. */
  column: string;
  /** The name in the partial and in SQL. */
  key: string;
  unit: string;
  /** How a person calls it, for plots. */
  title: string;
  /** Whole numbers only, flags (0 or 1) only, or any decimal number. */
  kind: 'whole' | 'flag' | 'decimal';
}

/** The vital signs: averaged per patient and plotted over time. */
export const vitals = [
  { column: 'systol', key: 'systol', unit: 'mmHg', title: 'Systolic pressure', kind: 'whole' },
  { column: 'diastol', key: 'diastol', unit: 'mmHg', title: 'Diastolic pressure', kind: 'whole' },
  {
    column: 'resp.rate',
    key: 'resp',
    unit: 'breaths/min',
    title: 'Respiratory rate',
    kind: 'whole',
  },
  { column: 'heart rate', key: 'heart', unit: 'beats/min', title: 'Heart rate', kind: 'whole' },
  { column: 'OSat', key: 'osat', unit: '%', title: 'Oxygen saturation', kind: 'decimal' },
  { column: 'temp', key: 'temp', unit: 'F', title: 'Body temperature', kind: 'decimal' },
  { column: 'weight', key: 'weight', unit: 'lb', title: 'Weight', kind: 'whole' },
] as const satisfies Variable[];

/** Every column that is summarised, in the order of the file. */
export const variables = [
  ...vitals,
  { column: 'BMI', key: 'bmi', unit: 'kg/m2', title: 'Body mass index', kind: 'decimal' },
  { column: 'BaseE', key: 'base', unit: '0 or 1', title: 'BaseE', kind: 'flag' },
  { column: 'TPain', key: 'tpain', unit: 'score', title: 'TPain', kind: 'decimal' },
  { column: 'DK', key: 'dk', unit: '0 or 1', title: 'DK', kind: 'flag' },
] as const satisfies Variable[];

export type VariableKey = (typeof variables)[number]['key'];

/** A pair of variables whose correlation the summary holds, on the row of the second. */
export const correlated = [
  { of: 'tpain', with: 'resp' },
  { of: 'tpain', with: 'osat' },
  { of: 'dk', with: 'temp' },
] as const satisfies { of: VariableKey; with: VariableKey }[];

/** Body temperatures above this are not plausible in a living person: 107 degrees Fahrenheit. */
export const temperatureCut = 107;

/** Where the oximeters of this study end: readings at the cap are at least the cap. */
export const saturationCap = '99.4';
