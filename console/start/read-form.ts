import { refuseTelling } from '../../client/name-gate.ts';
import { typedTexts } from '../../client/commands/run-options.ts';
import { UserError } from '../../client/exit-codes.ts';
import { BatchRequest } from '../../workflow/model/batch-request.ts';

/** The fields of the form, which are those of the request. */
export const fields = [
  'batchId',
  'pipeline',
  'workers',
  'tenancy',
  'instanceType',
  'maxMinutes',
  'tolerateFailedObjects',
  'ticket',
] as const satisfies readonly (keyof BatchRequest)[];
export type Field = (typeof fields)[number];

const numbers = new Set<Field>(['workers', 'maxMinutes', 'tolerateFailedObjects']);

/** What somebody asked for with the form. */
export interface ReadForm {
  /** Absent where a field has a fault. */
  readonly request: BatchRequest | undefined;
  /** What is wrong, by field; never what was typed. */
  readonly faults: Readonly<Partial<Record<Field, string>>>;
  /** The fields without a fault, to be shown again: what has one is not repeated. */
  readonly values: Readonly<Partial<Record<Field, string>>>;
}

/**
 * Reads the form by the request's schema and the name gate, as `czar start` reads its options.
 *
 * A field that was left empty is not in the request.
 */
export function readForm(typed: Readonly<Record<string, unknown>>): ReadForm {
  const texts = fields.flatMap((field) => {
    const text = typed[field];
    return typeof text === 'string' && text.trim() !== '' ? [[field, text.trim()] as const] : [];
  });
  const wanted = Object.fromEntries(
    texts.map(([field, text]) => [field, numbers.has(field) ? numberOf(text) : text]),
  );
  const read = BatchRequest.safeParse(wanted);
  const faults: Partial<Record<Field, string>> = {};
  for (const { path, message } of read.error?.issues ?? []) {
    const field = fields.find((each) => each === path[0]);
    if (field !== undefined) faults[field] ??= faultOf(field, message, wanted[field]);
  }
  for (const [field, text] of Object.entries(typedTexts(wanted))) {
    const telling = fields.find((each) => each === field);
    const found = telling && telltale(telling, text);
    if (telling !== undefined && found !== undefined) faults[telling] ??= found;
  }
  const isWell = read.success && Object.keys(faults).length === 0;
  return {
    request: isWell ? read.data : undefined,
    faults,
    values: Object.fromEntries(texts.filter(([field]) => faults[field] === undefined)),
  };
}

const numberOf = (text: string): number => (/^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN);

function faultOf(field: Field, message: string, given: unknown): string {
  if (given === undefined) return `${field} is missing`;
  if (Number.isNaN(given)) return `${field} must be a whole number`;
  return message.startsWith(field) || message.startsWith('batch id')
    ? message
    : `${field}: ${message}`;
}

function telltale(field: Field, text: string): string | undefined {
  try {
    refuseTelling(field, text);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

const options: readonly (readonly [Field, string])[] = [
  ['pipeline', '--pipeline'],
  ['workers', '--workers'],
  ['tenancy', '--tenancy'],
  ['instanceType', '--instance-type'],
  ['maxMinutes', '--max-minutes'],
  ['tolerateFailedObjects', '--tolerate-failed-objects'],
  ['ticket', '--ticket'],
];

/** The same as a command. Every value has passed the schema, and none needs quotes. */
export function commandLine(request: BatchRequest): string {
  const given = options.flatMap(([field, option]) => {
    const value = request[field];
    return value === undefined ? [] : [`${option} ${value}`];
  });
  return ['czar start', request.batchId, ...given].join(' ');
}
