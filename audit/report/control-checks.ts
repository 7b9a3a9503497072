import type { RunRecord } from '../run-record.ts';
import { evaporation, machinesOf } from './run-facts.ts';
import type { Citation } from './security-rule.ts';
import { counted } from './words.ts';

/** What the record says of a control: that it held, that it did not, or neither. */
export type Finding = 'shown' | 'not shown' | 'contradicted';

/** A control, as far as one run's record can prove it. */
export interface ControlCheck {
  readonly cite: Citation;
  /** The fact that was looked for. */
  readonly claim: string;
  readonly finding: Finding;
  /** What in the record says so. */
  readonly by: string;
}

type Check = (record: RunRecord) => Omit<ControlCheck, 'cite' | 'claim'>;

const unknown = (by: string) => ({ finding: 'not shown' as const, by });
const noLog = unknown('no access log was read');
const noStart = unknown('the log has no call that started a run');
const noMachine = unknown('no machine was launched');

/** Finds a claim shown where no exception to it was found. */
const unless = (exceptions: number, shown: string, noun: string) => ({
  finding: exceptions === 0 ? ('shown' as const) : ('contradicted' as const),
  by: exceptions === 0 ? shown : `${counted(exceptions, noun)} without`,
});

const checks: readonly (readonly [Citation, string, Check])[] = [
  [
    '164.312(b)',
    'The states of the run are on record in the history, and calls about it in the access log.',
    ({ states, runs, access }) => {
      if (access === undefined) return noLog;
      if (runs.some(({ startedBy }) => startedBy === undefined)) return noStart;
      const stays = counted(states.length, 'stay in a state', 'stays in states');
      return {
        finding: 'shown',
        by: `${stays}, ${counted(access.records, 'record')} read of the log`,
      };
    },
  ],
  [
    '164.312(a)(2)(i)',
    'A person with a session of their own started each run.',
    ({ runs, access }) => {
      if (access === undefined) return noLog;
      const others = runs.filter(({ startedBy }) => startedBy?.by.kind !== 'person');
      if (others.some(({ startedBy }) => startedBy === undefined)) {
        return noStart;
      }
      return unless(others.length, counted(runs.length, 'run'), 'run');
    },
  ],
  [
    '164.312(a)(1)',
    'Inputs were decrypted by machines only, each with a grant for this batch.',
    ({ access }) => {
      if (access === undefined) return noLog;
      const granted = new Set(access.grants.map(({ grantee }) => grantee));
      const decrypts = access.keyUses.filter(
        ({ operation, kind, times }) => operation === 'Decrypt' && kind === 'input' && times > 0,
      );
      if (decrypts.length === 0) return unknown('no input was decrypted');
      const others = decrypts.filter(({ by }) => !granted.has(by.session ?? ''));
      return unless(others.length, counted(decrypts.length, 'machine'), 'principal');
    },
  ],
  [
    '164.312(a)(2)(iv)',
    'Every grant of the data key has ended.',
    ({ access }) => {
      if (access === undefined) return noLog;
      if (access.grants.length === 0) return unknown('no grant was made');
      const open = access.grants.filter(({ ended }) => ended === undefined);
      return unless(open.length, counted(access.grants.length, 'grant'), 'grant');
    },
  ],
  [
    '164.312(c)(1)',
    'The ciphertext of each object that is DONE, and of its result, is on record by digest.',
    ({ objects }) => {
      const done = objects.filter(({ state }) => state === 'DONE');
      if (done.length === 0) return unknown('no object is DONE');
      const others = done.filter(
        ({ sha256, result }) => sha256 === undefined || result === undefined,
      );
      return unless(others.length, counted(done.length, 'object'), 'object');
    },
  ],
  [
    '164.310(d)(2)(iii)',
    'Of each object that ended, the record tells which machine had it last, or why none had it.',
    ({ objects }) => {
      const ended = objects.filter(({ state }) => state === 'DONE' || state === 'FAILED');
      if (ended.length === 0) return unknown('no object has ended');
      const others = ended.filter(
        ({ claimedBy, reason }) => claimedBy === undefined && reason === undefined,
      );
      return unless(others.length, counted(ended.length, 'object'), 'object');
    },
  ],
  [
    '164.310(d)(2)(i)',
    'Machines and volumes are gone: a search after the end found none.',
    (record) => {
      const verdict = evaporation(record);
      const at = record.proofs.at(-1)?.checkedAt ?? '';
      return verdict === 'proven' ? { finding: 'shown', by: `search of ${at}` } : unknown(verdict);
    },
  ],
  [
    '164.310(d)(2)(ii)',
    'No machine served two workers.',
    ({ workers }) => {
      const ids = workers.flatMap(({ attempts }) =>
        attempts.flatMap((each) => each.instanceId ?? []),
      );
      if (ids.length === 0) return noMachine;
      return unless(ids.length - new Set(ids).size, counted(ids.length, 'machine'), 'machine');
    },
  ],
  [
    '164.308(a)(1)(ii)(D)',
    'Calls of the machines were reviewed, and none was denied.',
    (record) => {
      const { access } = record;
      if (access === undefined) return noLog;
      if (machinesOf(record).length === 0) return noMachine;
      return access.denied.length === 0
        ? { finding: 'shown', by: 'no denied call in the log' }
        : { finding: 'contradicted', by: counted(access.denied.length, 'denied call') };
    },
  ],
  [
    '164.308(a)(6)(ii)',
    'A run that failed was reported by mail.',
    ({ runs, mails, batch }) => {
      const failed = runs.filter(({ status }) => status !== 'SUCCEEDED' && status !== 'RUNNING');
      if (failed.length === 0) return unknown('no run failed');
      if (batch === undefined) return unknown('no batch was opened');
      const others = failed.filter(
        ({ redrive }) => !mails.some((mail) => mail.kind === 'failed' && mail.redrive === redrive),
      );
      return unless(others.length, counted(failed.length, 'run'), 'run');
    },
  ],
];

/** Holds the record against each control of which it can prove something. */
export function checkControls(record: RunRecord): ControlCheck[] {
  return checks.map(([cite, claim, check]) => ({ cite, claim, ...check(record) }));
}
