import type { LoggedCall } from '../access/read-access-log.ts';
import { EvidenceError } from '../evidence-error.ts';
import { answeredCall, type AnsweredCall } from './answered-call.ts';
import { RunReach } from './run-reach.ts';

/** Whose calls, or calls on what. */
export type AccessSubject =
  | { readonly object: string }
  /** Name of a role, with or without the study's name before it, or of a session. */
  | { readonly principal: string }
  /** A batch's id, or an execution's ARN. */
  | { readonly run: string };

/** A question of who called what. */
export interface AccessQuestion {
  readonly study: string;
  readonly about: AccessSubject;
  /** Both ends are among what is asked for. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** What was counted over an answer. */
export interface AccessCounts {
  /** Records of the log that were read. */
  records: number;
  calls: number;
  allowed: number;
  denied: number;
  failed: number;
}

/**
 * Answers who called what on what, when, and whether it was allowed: call by call, in the log's order.
 *
 * `open` opens the log; for a run it is read twice, because a machine's launch may stand behind its
 * calls. Nothing is kept of a call that was told. The generator returns the counts.
 *
 * @throws EvidenceError where the log has no record: an answer from nothing is none.
 */
export async function* askAccess(
  question: AccessQuestion,
  open: () => AsyncIterable<LoggedCall>,
): AsyncGenerator<AnsweredCall, AccessCounts> {
  const isMeant = await readSubject(question, open);
  const counts = { records: 0, calls: 0, allowed: 0, denied: 0, failed: 0 };
  for await (const { record } of open()) {
    counts.records += 1;
    const at = Date.parse(record.eventTime);
    if (question.from !== undefined && at < question.from.getTime()) continue;
    if (question.to !== undefined && at > question.to.getTime()) continue;
    const call = answeredCall(record, question.study);
    if (!isMeant(call)) continue;
    counts.calls += 1;
    counts[call.outcome] += 1;
    yield call;
  }
  if (counts.records === 0) throw new EvidenceError('the access log has no record');
  return counts;
}

async function readSubject(
  { study, about }: AccessQuestion,
  open: () => AsyncIterable<LoggedCall>,
): Promise<(call: AnsweredCall) => boolean> {
  if ('object' in about) {
    return ({ on }) => on.some(({ kind, id }) => kind === 'object' && id === about.object);
  }
  if ('principal' in about) {
    const names = new Set([about.principal, `${study}-${about.principal}`]);
    return ({ by }) => names.has(by.name) || by.session === about.principal;
  }
  const reach = new RunReach(about.run);
  for await (const { record } of open()) reach.take(record);
  return (call) => reach.has(call);
}
