import { MersenneTwister } from './mersenne-twister.ts';

const SEED = 31_415;
const PATIENTS = 100;
const VISITS = 10_000;
const FIRST_VISIT = Date.UTC(1938, 9, 30);
const DAY = 86_400_000;

const NAMED_PATIENTS = [
  'Bigboote',
  'Yaya',
  'Smallberries',
  'Parker',
  'Whorfin',
  'Valuk',
  'Gomez',
  'OConnor',
  'Emdall',
  'Gant',
  'Manyjars',
  'Milton',
];

/**
 * Surnames that stand in the study and nowhere else.
 *
 * A search of logs, mails, ledgers and histories for one of them shows whether content left the
 * places where it may be: they are too unusual to be found by chance.
 */
export const pocACanaries: readonly string[] = ['Bigboote', 'Smallberries', 'Whorfin'];

/** The header of the visits file, without the line end. */
export const pocATimeseriesHeader =
  'date,ID,systol,diastol,resp.rate,heart rate,OSat,temp,weight,BMI,BaseE,TPain,DK,sum BaseE,sum TPain,sum DK';

/** The three files of the study as lines, each ending in CRLF. Each can be iterated once. */
export interface PocA {
  /** `patients.csv`: a header and 100 rows. */
  patients: Iterable<string>;
  /** `timeseries.csv`: a header and 10,000 rows. */
  timeseries: Iterable<string>;
  /** `patientParameters.csv`: it holds the final sums, so it throws before `timeseries` was read to its end. */
  patientParameters: Iterable<string>;
}

interface Patient {
  surname: string;
  feet: number;
  restInches: number;
}

interface VitalRanges {
  systolic: readonly [number, number];
  diastolic: readonly [number, number];
  respiration: readonly [number, number];
  heartRate: readonly [number, number];
  saturation: readonly [number, number];
  temperature: readonly [number, number];
  weight: readonly [number, number];
}

interface Person extends Patient, VitalRanges {
  sumBaseE: number;
  sumTPain: number;
  sumDK: number;
}

/**
 * Generates the synthetic study "100 Johns": 100 patients named John, 10,000 visits from 1938 on.
 *
 * The numbers are those of the original of 2017, byte for byte, its bugs included: body temperature
 * is drawn from the systolic range, and DK is decided by BMI where weight is meant. A pipeline that
 * finds these is one that works. The order of the draws is the specification: each changes all later ones.
 */
export function generatePocA(): PocA {
  const source = new MersenneTwister(SEED);
  const patients = Array.from({ length: PATIENTS }, (_, id) => drawPatient(source, id));
  const people = patients.map((patient): Person => ({
    ...patient,
    ...drawRanges(source),
    sumBaseE: 0,
    sumTPain: 0,
    sumDK: 0,
  }));
  const progress = { visits: 0 };
  return {
    patients: patientLines(people),
    timeseries: visitLines(source, people, progress),
    patientParameters: parameterLines(people, progress),
  };
}

function drawPatient(source: MersenneTwister, id: number): Patient {
  const surname = NAMED_PATIENTS[id] ?? drawSurname(source);
  const inches = source.randint(157, 198) / 2.54;
  const feet = Math.floor(inches / 12);
  return { surname, feet, restInches: Math.trunc(inches - 12 * feet) };
}

function drawSurname(source: MersenneTwister): string {
  const letter = (first: string): string =>
    String.fromCharCode(first.charCodeAt(0) + source.randint(0, 25));
  return letter('A') + letter('a') + letter('a') + letter('a');
}

function drawRanges(source: MersenneTwister): VitalRanges {
  const whole = (low: number, high: number, least: number, most: number): [number, number] => {
    const start = source.randint(low, high);
    return [start, start + source.randint(least, most)];
  };
  const systolic = whole(90, 129, 4, 20);
  const diastolic = whole(60, 84, 4, 10);
  const respiration = whole(10, 20, 2, 8);
  const heartRate = whole(40, 100, 10, 20);
  const saturationStart = source.uniform(95.0, 99.0);
  const saturation: [number, number] = [
    saturationStart,
    saturationStart + source.uniform(1.0, 2.0),
  ];
  const temperature = whole(90, 129, 3, 20);
  const weight = whole(98, 280, 3, 40);
  return { systolic, diastolic, respiration, heartRate, saturation, temperature, weight };
}

function* patientLines(people: readonly Person[]): Generator<string> {
  yield line('Surname', 'Given name', 'DOB', 'height', 'ID');
  for (const [id, { surname, feet, restInches }] of people.entries()) {
    yield line(surname, 'John', '1920-08-26 08:30:12', `"(${feet}, ${restInches})"`, id);
  }
}

function* visitLines(
  source: MersenneTwister,
  people: readonly Person[],
  progress: { visits: number },
): Generator<string> {
  yield line(pocATimeseriesHeader);
  let time = FIRST_VISIT;
  while (progress.visits < VISITS) {
    const id = source.randint(0, PATIENTS - 1);
    const person = people[id];
    if (person === undefined) throw new RangeError(`No patient has the index ${id}.`);
    yield visitLine(source, person, id, time);
    time += source.randint(1, 2) * DAY;
    progress.visits += 1;
  }
}

function visitLine(source: MersenneTwister, person: Person, id: number, time: number): string {
  const systolic = source.randint(...person.systolic);
  const drawnDiastolic = source.randint(...person.diastolic);
  const diastolic = drawnDiastolic >= systolic - 3 ? systolic - 4 : drawnDiastolic;
  const respiration = source.randint(...person.respiration);
  const heartRate = source.randint(...person.heartRate);
  const saturation = Math.min(source.uniform(...person.saturation), 99.4);
  const temperature = source.uniform(...person.temperature);
  const weight = source.randint(...person.weight);

  const heightInches = 12 * person.feet + person.restInches;
  const bmi = (703.0 * weight) / (heightInches * heightInches);
  const baseE = heartRate > 58 && heartRate < 62 && systolic - diastolic > 30 && bmi < 22 ? 1 : 0;
  const tPain =
    respiration + 2.0 * (saturation - 95.0) + 0.2 * (Math.trunc(heightInches * 2.54) - 157);
  const dk = bmi < 150 && temperature < 97.4 ? 1 : 0;
  person.sumBaseE += baseE;
  person.sumTPain += tPain;
  person.sumDK += dk;

  return line(
    new Date(time).toISOString().slice(0, 19).replace('T', ' '),
    id,
    systolic,
    diastolic,
    respiration,
    heartRate,
    float(saturation),
    float(temperature),
    weight,
    float(bmi),
    baseE,
    float(tPain),
    dk,
    person.sumBaseE,
    float(person.sumTPain),
    person.sumDK,
  );
}

function* parameterLines(
  people: readonly Person[],
  progress: { visits: number },
): Generator<string> {
  if (progress.visits < VISITS) {
    throw new Error('patientParameters holds final sums: read timeseries to its end first.');
  }
  yield line('ID,S0,S1,D0,D1,RR0,RR1,HR0,HR1,OS0,OS1,BT0,BT1,M0,M1,SUMB,SUMT,SUMDK');
  for (const [id, person] of people.entries()) {
    yield line(
      id,
      ...person.systolic,
      ...person.diastolic,
      ...person.respiration,
      ...person.heartRate,
      ...person.saturation.map(float),
      ...person.temperature,
      ...person.weight,
      person.sumBaseE,
      float(person.sumTPain),
      person.sumDK,
    );
  }
}

function line(...cells: readonly (string | number)[]): string {
  return `${cells.join(',')}\r\n`;
}

/** Python's `repr` of a float, for magnitudes where neither language writes an exponent. */
function float(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}
