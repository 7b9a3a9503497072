import { icon } from '../../audit/graph/icon.ts';
import { type Look, lookClass } from '../../audit/graph/palette.ts';
import type { Outcome } from '../../audit/run-record.ts';
import type { BatchState, ObjectState } from '../../workflow/model/ledger-items.ts';
import { markup } from './markup.ts';

/** How an execution stands, as Step Functions calls it. */
export type RunStatus =
  'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE';

/** The words of the Step Functions console. */
export const runWords: Readonly<Record<RunStatus, string>> = {
  RUNNING: 'Running',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  TIMED_OUT: 'Timed out',
  ABORTED: 'Aborted',
  PENDING_REDRIVE: 'Pending redrive',
};

const runLooks: Readonly<Record<RunStatus, Look>> = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  ABORTED: 'aborted',
  PENDING_REDRIVE: 'running',
};

const outcomeWords: Readonly<Record<Outcome | 'not entered' | 'gave up', string>> = {
  succeeded: 'Succeeded',
  failed: 'Failed',
  caught: 'Caught error',
  aborted: 'Aborted',
  running: 'In progress',
  'not entered': 'Not entered',
  'gave up': 'Gave up',
};

const ledgerLooks: Readonly<Record<BatchState | ObjectState, Look>> = {
  UPLOADING: 'running',
  SEALED: 'plain',
  OPEN: 'running',
  REGISTERED: 'plain',
  CLAIMED: 'running',
  DONE: 'succeeded',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
};

/** How an execution stands: an icon and a word, besides the colour. */
export const RunPill = ({ status }: { status: RunStatus }) =>
  Pill({ look: runLooks[status], code: status, word: runWords[status] });

/** How a stay in a state ended. */
export const OutcomePill = ({ outcome }: { outcome: Outcome | 'not entered' | 'gave up' }) =>
  Pill({ look: outcome, code: outcome, word: outcomeWords[outcome] });

/** What the ledger says of a batch or an object, in its own word. */
export const LedgerPill = ({ state }: { state: BatchState | ObjectState }) =>
  Pill({ look: ledgerLooks[state], code: state, word: state });

/** An icon and a word. */
export function Pill({ look, code, word }: { look: Look; code: string; word: string }) {
  const shown =
    look === 'plain'
      ? undefined
      : markup`<svg class=${lookClass(look)} viewBox="-8 -8 16 16" aria-hidden="true" dangerouslySetInnerHTML=${{ __html: icon(look, 0, 0) }} />`;
  return markup`<span class=${`pill is-${look.replaceAll(' ', '-')}`} data-status=${code}>${shown}${word}</span>`;
}
