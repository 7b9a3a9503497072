/** What a text looks like it tells. The reason names a kind, never the text. */
export type NameFinding =
  | 'a date'
  | 'a social security number'
  | 'a medical record number'
  | 'a Medicare beneficiary identifier'
  | 'a phone number'
  | 'an e-mail address'
  | 'a long number'
  | "a person's name";

type Detector = readonly [finding: NameFinding, pattern: RegExp];

/** Builds a pattern from parts, for texts in any case. */
const pattern = (...parts: string[]): RegExp => new RegExp(parts.join(''), 'i');

/** A digit may touch letters: `visit19380131` tells its date all the same. */
const noDigitBefore = '(?<![0-9])';
const noDigitAfter = '(?![0-9])';
const noLetterBefore = '(?<![a-z])';
const noLetterAfter = '(?![a-z])';

const year = '(?:19|20)[0-9]{2}';
const month = '(?:0?[1-9]|1[0-2])';
const day = '(?:0?[1-9]|[12][0-9]|3[01])';
const month2 = '(?:0[1-9]|1[0-2])';
const day2 = '(?:0[1-9]|[12][0-9]|3[01])';
/** A day that cannot be a month, a year that cannot be a day: what makes three short numbers a date. */
const lateDay2 = '(?:1[3-9]|2[0-9]|3[01])';
const lateYear2 = '(?:3[2-9]|[4-9][0-9])';
const monthName = `${noLetterBefore}(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)${noLetterAfter}`;
const ordinal = '(?:st|nd|rd|th)?';
/** Between the parts of a written date. */
const gap = '[ ._/-]';
const gaps = '[ ._/,-]{0,3}';

/** A date with a year of two digits is told from a version, or from the third well of a plate. */
const shortYearDate = (one: string, two: string, separator: string): RegExp =>
  pattern(
    `(?<![0-9]|[0-9]${separator}|v)(?:`,
    [
      `(?:${one}(?<s1>${separator})${lateDay2}|${lateDay2}(?<s2>${separator})${one})(?:\\k<s1>|\\k<s2>)[0-9]{2}`,
      `(?:${one}(?<s3>${separator})${two}|${two}(?<s4>${separator})${one})(?:\\k<s3>|\\k<s4>)${lateYear2}`,
      `[0-9]{2}(?<s5>${separator})${one}\\k<s5>${lateDay2}`,
    ].join('|'),
    `)(?![0-9]|${separator}[0-9])`,
  );

const dates: readonly RegExp[] = [
  pattern(noDigitBefore, year, gap, month, gap, day, noDigitAfter),
  pattern(noDigitBefore, `(?:${month}${gap}${day}|${day}${gap}${month})`, gap, year, noDigitAfter),
  pattern(noDigitBefore, year, month2, day2, '(?:[t _-]?[0-9]{4}(?:[0-9]{2})?)?', noDigitAfter),
  pattern(noDigitBefore, `(?:${month2}${day2}|${day2}${month2})`, year, noDigitAfter),
  shortYearDate(month, day, '[/-]'),
  shortYearDate(month2, day2, '[ ._]'),
  pattern(noDigitBefore, year, '[_-]', month2, '(?![0-9]|[_-][0-9])'),
  pattern('(?<![0-9]|[0-9]-)', month2, '-', year, '(?![0-9]|-[0-9])'),
  // Six digits are a counter more often than a date: only a recording's own years are taken for one.
  pattern('(?<![a-z0-9])2[0-9]', month2, day2, '(?![a-z0-9])'),
  pattern(noDigitBefore, day, ordinal, gaps, '(?:of)?', gaps, monthName),
  // Without a gap it would be a gene: MARCH1, SEPT2, DEC1.
  pattern(monthName, gap, '{1,2}[0-9]{1,2}', ordinal, '(?![a-z0-9])'),
  pattern(monthName, gaps, `(?:${day}${ordinal}${gaps})?`, year, noDigitAfter),
  pattern(noLetterBefore, '(?:dob|birth(?:date|day)?)', noLetterAfter, '[ #:._-]*[0-9]'),
];

/** Letters of a Medicare beneficiary identifier: none that looks like a digit (CMS, MBI format). */
const mbiLetter = '[AC-HJKMNP-RT-Y]';
const mbiEither = '[0-9AC-HJKMNP-RT-Y]';
const mbiGap = '[ _-]?';

const numbers: readonly Detector[] = [
  [
    'a social security number',
    pattern(
      noDigitBefore,
      '(?!000|666|9)[0-9]{3}([-_ .])(?!00)[0-9]{2}\\1(?!0000)[0-9]{4}',
      noDigitAfter,
    ),
  ],
  ['a social security number', pattern(noLetterBefore, 'ssn', noLetterAfter, '[ #:._-]*[0-9]{4,}')],
  [
    'a Medicare beneficiary identifier',
    pattern(
      '(?<![a-z0-9])',
      ['[1-9]', mbiLetter, mbiEither, '[0-9]', mbiGap].join(''),
      [mbiLetter, mbiEither, '[0-9]', mbiGap, mbiLetter, mbiLetter, '[0-9]{2}'].join(''),
      '(?![a-z0-9])',
    ),
  ],
  [
    'a medical record number',
    pattern(
      noLetterBefore,
      '(?:mrn|med(?:ical)?[ _-]?rec(?:ord)?)(?:[ _-]?(?:no|nr|num|number|id))?[ #:._-]*[0-9]{3,}',
    ),
  ],
  [
    'a medical record number',
    pattern(
      noLetterBefore,
      '(?:patient|pat|pid|chart)(?:[ _-]?(?:no|nr|num|number|id))?[ #:._-]*[0-9]{5,}',
    ),
  ],
  [
    'a phone number',
    pattern(
      noDigitBefore,
      '(?:\\+?1[-_ .]?)?(?:\\([2-9][0-9]{2}\\)[-_ .]?[2-9][0-9]{2}[-_ .]|[2-9][0-9]{2}([-_ .])[2-9][0-9]{2}\\1)[0-9]{4}',
      noDigitAfter,
    ),
  ],
  ['a phone number', /\+[1-9][0-9]{0,2}(?:[ ._()-]{0,2}[0-9]){6,12}(?![0-9])/],
  [
    'a phone number',
    pattern(noLetterBefore, '(?:tel|phone|cell|mobile|fax)', '[ #:._+-]*(?:[0-9][ ._()-]?){7,}'),
  ],
  // A one and six or more zeros count something.
  ['a long number', pattern(noDigitBefore, '(?![1-9]0{6,}(?![0-9]))[0-9]{7,}')],
];

/**
 * Given names common in the United States, and a few others, that are no usual word of research:
 * `grace`, `amber`, `julia`, `mark` and the like would raise more alarms than they are worth.
 */
const givenNames =
  'james|john|robert|michael|david|william|richard|joseph|thomas|charles|christopher|daniel|matthew|anthony|donald|steven|paul|andrew|joshua|kenneth|kevin|brian|george|timothy|ronald|edward|jason|jeffrey|ryan|jacob|gary|nicholas|jonathan|stephen|larry|justin|brandon|benjamin|samuel|gregory|alexander|patrick|raymond|dennis|jerry|tyler|aaron|henry|douglas|peter|adam|zachary|nathan|walter|harold|kyle|carl|arthur|gerald|roger|keith|jeremy|terry|lawrence|sean|christian|albert|ethan|jesse|willie|bryan|bruce|mary|patricia|jennifer|linda|elizabeth|barbara|susan|jessica|sarah|karen|lisa|nancy|betty|sandra|margaret|ashley|kimberly|emily|donna|michelle|amanda|melissa|deborah|stephanie|rebecca|sharon|laura|cynthia|dorothy|amy|kathleen|angela|shirley|emma|brenda|pamela|nicole|anna|samantha|katherine|christine|helen|debra|rachel|carolyn|janet|maria|catherine|heather|diane|olivia|julie|joyce|ruth|lauren|kelly|christina|joan|evelyn|judith|andrea|hannah|megan|cheryl|jacqueline|martha|teresa|gloria|janice|kathryn|abigail|sophia|frances|alice|judy|isabella|denise|danielle|marilyn|beverly|natalie|theresa|diana|brittany|doris|kayla|lori|marie|jane|jose|juan|luis|carlos|jesus|antonio|miguel|mohammed|muhammad|ahmed|fatima|priya|yuki|olga|ivan|pierre|hans|klaus|anja|sven';

/** Family names, chosen like {@link givenNames}: no `fisher`, `wilson`, `kaplan` or `young`. */
const familyNames =
  'smith|johnson|williams|jones|garcia|miller|davis|rodriguez|martinez|hernandez|lopez|gonzalez|gonzales|perez|sanchez|ramirez|robinson|nguyen|torres|flores|rivera|campbell|mitchell|roberts|gomez|phillips|evans|diaz|edwards|collins|reyes|stewart|morris|morales|murphy|rogers|gutierrez|ortiz|peterson|bailey|howard|ramos|richardson|chavez|bennett|mendoza|ruiz|hughes|alvarez|castillo|sanders|patel|myers|jimenez|schmidt|schneider|mueller|meyer|wagner|hoffmann|kowalski|ivanov|petrov|rossi|dubois';

const listedNames: readonly RegExp[] = [
  pattern(noLetterBefore, `(?:${givenNames})(?:${familyNames}|doe)?`, noLetterAfter),
  pattern(noLetterBefore, `[a-z]?(?:${familyNames})`, noLetterAfter),
];

const personNames: readonly RegExp[] = [
  ...listedNames,
  pattern(noLetterBefore, '(?:mrs|mister)[ ._-]+[a-z]{2,}'),
  /(?<![A-Za-z])[A-Z][a-z]+,[ _]?[A-Z][a-z]+/,
];

/** Numbers that name public things, and digests: their digits tell of nobody. */
const publicIdentifiers: readonly RegExp[] = [
  /(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])/gi,
  /(?<![0-9a-z])[0-9a-f]{32,}(?![0-9a-z])/gi,
  /(?<![a-z])(?:[sed]r[aprsxz]|gs[em]|gpl|prj(?:na|eb|db)|sam(?:n|ea|d)|ens[a-z]{0,4}[gtpe]|rs|nct|[nx][cgmprtw]_|gc[af]_|pm(?:c|id))[0-9]+/gi,
  /(?<![a-z])chr(?:[0-9]{1,2}|x|y|mt?)[-_:. ][0-9]+[-_. ][0-9]+/gi,
];

const email = /[^\s@/]+@[^\s@/]+\.[a-z]{2,}/i;

/**
 * Says whether a text has a name of the lists: what is left of {@link detectNames} where machines
 * wrote the text, and two capitalized words with a comma between them are no person.
 */
export function namesPerson(text: string): boolean {
  const words = text.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return listedNames.some((name) => name.test(words));
}

/**
 * Says what a typed text or an original file name looks like it tells.
 *
 * A warning net, as its place demands: it finds the usual spellings and cannot find all, and leaves
 * alone what research files are usually called. The guarantee that no name leaves the laptop in
 * clear is that minted ids replace names.
 */
export function detectNames(text: string): NameFinding[] {
  const findings = new Set<NameFinding>();
  const personal = publicIdentifiers.reduce((rest, known) => rest.replace(known, ' '), text);
  if (email.test(personal)) findings.add('an e-mail address');
  if (dates.some((date) => date.test(personal))) findings.add('a date');
  for (const [finding, number] of numbers) if (number.test(personal)) findings.add(finding);
  const words = personal.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  if (personNames.some((name) => name.test(words))) findings.add("a person's name");
  return [...findings];
}
