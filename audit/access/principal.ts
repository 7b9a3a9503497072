import * as z from 'zod';
import type { AccessRecord } from './access-record.ts';

/**
 * Who made a call: a person in one of the study's roles, a worker, the state machine or a function of
 * the study, an AWS service, or somebody else in the account.
 */
export const Principal = z.strictObject({
  kind: z.enum(['person', 'worker', 'state machine', 'function', 'service', 'other']),
  /** Name of the role, or of the service. */
  name: z.string(),
  /**
   * Name of the session: of a worker its instance's id, of a person what their login chose, which
   * names a member of staff and is what an auditor asks for. Absent for all others.
   */
  session: z.string().optional(),
});
export type Principal = z.infer<typeof Principal>;

export const instanceId = /^i-[0-9a-f]{8,17}$/;
const people = ['uploader', 'researcher', 'operator', 'auditor'];
const assumed = /^arn:[\w-]+:sts::\d{12}:assumed-role\/([\w+=,.@-]+)\/([\w+=,.@-]+)$/;

/** Reads who made a call from its record. */
export function principalOf({ userIdentity }: AccessRecord, study: string): Principal {
  const { type, arn = '', invokedBy } = userIdentity;
  if (type === 'AWSService') return { kind: 'service', name: invokedBy ?? 'unknown' };
  const [, name = '', session = ''] = assumed.exec(arn) ?? [];
  if (name === '') return { kind: 'other', name: type };
  if (instanceId.test(session)) return { kind: 'worker', name, session };
  if (people.some((role) => name === `${study}-${role}`)) return { kind: 'person', name, session };
  // In the embedded cloud the machine's sessions have the hash of their execution for a name.
  const isMachine = invokedBy === 'states.amazonaws.com' || /^[0-9a-f]{12}/.test(session);
  if (isMachine && name.startsWith(`${study}-`)) return { kind: 'state machine', name };
  if (session.startsWith(`${study}-`)) return { kind: 'function', name };
  return { kind: 'other', name, session };
}
