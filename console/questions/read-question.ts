import * as z from 'zod';
import type { AccessSubject } from '../../audit/questions/ask-access.ts';
import { BatchId, ObjectId } from '../../workflow/model/code.ts';

/** What IAM lets the names of roles and sessions be. */
const Principal = z.string().regex(/^[\w+=,.@-]{1,64}$/, {
  error: 'principal must be the name of a role or of a session',
});
const Run = z.union([BatchId, z.string().regex(/^[0-9a-f]{12}$/)], {
  error: "run must be a batch's id, or a run's",
});
const Moment = z.iso
  .datetime({ offset: true, local: true, error: 'must be a time like 2026-11-23T08:00:00Z' })
  // Without an offset it is UTC, as all times of the console are.
  .transform((text) => new Date(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`));

const schemas = {
  object: ObjectId,
  principal: Principal,
  run: Run,
} as const;

/** The fields of the question of access. */
export const accessFields = ['object', 'principal', 'run', 'from', 'to'] as const;
export type AccessField = (typeof accessFields)[number];

/** A question of access as it was asked. */
export interface AskedAccess {
  readonly subject: AccessSubject | undefined;
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  readonly faults: Readonly<Partial<Record<AccessField, string>>>;
  /** What was typed, where it is well. */
  readonly values: Readonly<Partial<Record<AccessField, string>>>;
}

/** Reads the question of access from the form's fields; what cannot be is a fault of its field. */
export function accessQuestion(query: Readonly<Record<string, string>>): AskedAccess {
  const faults: Partial<Record<AccessField, string>> = {};
  const values: Partial<Record<AccessField, string>> = {};
  const read = <Read>(field: AccessField, schema: z.ZodType<Read>): Read | undefined => {
    const text = query[field]?.trim() ?? '';
    if (text === '') return undefined;
    const { data, error } = schema.safeParse(text);
    const message = error?.issues[0]?.message ?? '';
    if (error === undefined) values[field] = text;
    else faults[field] = message.startsWith(field) ? message : `${field}: ${message}`;
    return data;
  };
  const object = read('object', schemas.object);
  const principal = read('principal', schemas.principal);
  const run = read('run', schemas.run);
  const [from, to] = [read('from', Moment), read('to', Moment)];
  const subjects: AccessSubject[] = [
    ...(object === undefined ? [] : [{ object }]),
    ...(principal === undefined ? [] : [{ principal }]),
    ...(run === undefined ? [] : [{ run }]),
  ];
  if (subjects.length > 1)
    faults.object ??= 'only one of object, principal and run can be asked of';
  const isWell = subjects.length === 1 && Object.keys(faults).length === 0;
  return { subject: isWell ? subjects[0] : undefined, from, to, faults, values };
}

/** A question of the key: of one batch, or of all where none is given. */
export interface AskedKey {
  readonly isAsked: boolean;
  readonly batchId: string | undefined;
  readonly fault: string | undefined;
}

/** Reads the question of the key. */
export function keyQuestion({ run }: Readonly<Record<string, string>>): AskedKey {
  const text = run?.trim() ?? '';
  const { data } = BatchId.safeParse(text);
  const isFault = text !== '' && data === undefined;
  return {
    isAsked: run !== undefined && !isFault,
    batchId: data,
    fault: isFault ? "run must be a batch's id" : undefined,
  };
}
