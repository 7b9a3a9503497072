import { namesPerson } from '../../workflow/model/name-detector.ts';

/** What a detector finds, as answers and exit lists tell it. */
export const detectorCodes = ['SSN', 'MRN', 'DATE-OF-BIRTH', 'PHONE', 'EMAIL', 'NAME'] as const;
export type DetectorCode = (typeof detectorCodes)[number];

const year = '(?:19[0-9]{2}|20[0-2][0-9])';
const month = '(?:0?[1-9]|1[0-2])';
const day = '(?:0?[1-9]|[12][0-9]|3[01])';
const ahead = '(?<![0-9A-Za-z_-])';
const behind = '(?![0-9A-Za-z_-])';
const either = (one: string, two: string): string => `(?:${one}|${two})`;
const label = (words: string): string => `(?<![a-z])(?:${words})(?![a-z])[^0-9a-z]{0,6}`;

/**
 * The patterns, for texts that machines write: histories, items, records, logs. The name gate's are
 * for what a person types, and would find a date in every time and a number in every id.
 *
 * - SSN: three, two and four digits with hyphens, none of a range that is never issued; or after `ssn`.
 * - MRN: five to ten digits after `mrn`, `medical record` and the like. A bare number is none.
 * - DATE-OF-BIRTH: any date after `dob` or `birth`; else an American or German date, or an ISO date
 *   without a time, of the years 1900 to 2009. Times, versions of policies and of APIs are none.
 * - PHONE: ten digits as North America groups them, or a plus and eight to fourteen with a separator.
 * - EMAIL: an address at a domain with a top level of letters.
 */
const patterns: readonly (readonly [DetectorCode, RegExp])[] = [
  [
    'SSN',
    new RegExp(`${ahead}(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}${behind}`, 'g'),
  ],
  ['SSN', new RegExp(`${label('ssn|social security(?: number)?')}[0-9]{9}${behind}`, 'gi')],
  [
    'MRN',
    new RegExp(
      `${label('mrn|med(?:ical)?[ _-]?rec(?:ord)?(?:[ _-]?(?:no|nr|num|number|id))?')}[0-9]{5,10}${behind}`,
      'gi',
    ),
  ],
  [
    'DATE-OF-BIRTH',
    new RegExp(
      label('dob|birth(?:[ _-]?(?:date|day))?|date[ _-]of[ _-]birth') +
        either(`${year}-${month}-${day}`, `${day}[./-]${day}[./-](?:${year}|[0-9]{2})`),
      'gi',
    ),
  ],
  [
    'DATE-OF-BIRTH',
    new RegExp(
      `${ahead}(?:19[0-9]{2}|200[0-9])-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])${behind}`,
      'g',
    ),
  ],
  [
    'DATE-OF-BIRTH',
    new RegExp(
      `(?<![0-9A-Za-z_./-])${either(`${month}/${day}`, `${day}\\.${month}`)}[/.](?:19[0-9]{2}|200[0-9])(?![0-9A-Za-z_/-])`,
      'g',
    ),
  ],
  [
    'PHONE',
    new RegExp(
      `${ahead}(?:\\+?1[-. ])?(?:\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}${behind}`,
      'g',
    ),
  ],
  [
    'PHONE',
    /(?<![0-9A-Za-z_+/-])\+[1-9][0-9]{0,2}(?:[ ()-]{1,2}[0-9]{2,8}){2,5}(?![0-9A-Za-z_-])/g,
  ],
  ['EMAIL', /[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/g],
];

/**
 * Digests, ids and tokens, whose letters spell names by chance. A run of letters and digits that
 * changes between capitals, small letters and digits as no name and no word does is one.
 */
const opaque = /[A-Za-z0-9+/=]{16,}|[0-9A-F]{8,}|[0-9a-f]{8,}/g;

function isOpaque(run: string): boolean {
  const changes = run.match(/[A-Z](?=[0-9])|[0-9](?=[A-Za-z])|[a-z](?=[0-9])|[A-Z]{2}(?=[a-z])/g);
  return (changes?.length ?? 0) >= 4 || /^[0-9a-f]{8,}$/i.test(run);
}

/** Counts what each detector finds in one text. Names count once a text: a detector of lists knows no more. */
export function detect(text: string): Map<DetectorCode, number> {
  const found = new Map<DetectorCode, number>();
  for (const [code, pattern] of patterns) {
    const count = text.match(pattern)?.length ?? 0;
    if (count > 0) found.set(code, (found.get(code) ?? 0) + count);
  }
  const words = text.replace(opaque, (run) => (isOpaque(run) ? ' ' : run));
  if (namesPerson(words)) found.set('NAME', 1);
  return found;
}
