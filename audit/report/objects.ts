import type { RunRecord } from '../run-record.ts';
import { markup } from './html.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { table } from './table.ts';

type ObjectRecord = RunRecord['objects'][number];

/** The batch's objects: what the ledger says of each, by outcome and worker; those that failed come first. */
export function objectsSection(record: RunRecord): Section {
  const { objects, batch } = record;
  return {
    id: 'objects',
    title: 'Objects',
    body:
      objects.length === 0
        ? paragraphs('The execution opened no batch, so there is no object to tell of.')
        : [
            paragraphs(
              'Ids are minted and tell nothing of an object. Bytes and digests (SHA-256) are of ciphertext. Attempts are those of all runs of the batch together, and there was one where none are told. A worker is told with its machine: 2.1 is the first machine of worker 2; another execution by its hash.',
              batch?.isOfThisExecution === false
                ? markup`<strong>Another execution has opened this batch since.</strong> These are the objects as it left them.`
                : undefined,
            ),
            table({
              caption: 'Objects of the batch',
              columns: [
                { title: 'Object', kind: 'code' },
                { title: 'Bytes', kind: 'number' },
                { title: 'Digest', kind: 'digest' },
                { title: 'Result bytes', kind: 'number' },
                { title: 'Result digest', kind: 'digest' },
                { title: 'Attempts', kind: 'number' },
                { title: 'Outcome', isShared: true },
                { title: 'Worker', isShared: true },
              ],
              rows: objects
                .toSorted(byOutcomeAndWorker)
                .map((object) => [
                  object.objectId,
                  object.bytes,
                  object.sha256,
                  object.result?.bytes,
                  object.result?.sha256,
                  object.attempts === 1 ? undefined : object.attempts,
                  outcomeOf(object),
                  workerOf(object),
                ]),
            }),
          ],
  };
}

const outcomes: readonly ObjectRecord['state'][] = ['DONE', 'FAILED'];

function byOutcomeAndWorker(a: ObjectRecord, b: ObjectRecord): number {
  const place = ({ claimedBy }: ObjectRecord) =>
    (claimedBy?.worker?.index ?? -1) * 10 + (claimedBy?.worker?.attempt ?? 0);
  return outcomes.indexOf(b.state) - outcomes.indexOf(a.state) || place(a) - place(b);
}

function workerOf({ claimedBy }: ObjectRecord): string {
  if (claimedBy === undefined) return 'none';
  const { worker, execution, instanceId } = claimedBy;
  return worker === undefined
    ? `${execution}, ${instanceId}`
    : `${worker.index + 1}.${worker.attempt}`;
}

function outcomeOf({ state, reason, pipelineReason }: ObjectRecord) {
  const why = [reason, pipelineReason].filter((each) => each !== undefined).join(', ');
  if (state === 'FAILED') return markup`<strong class="bad">FAILED</strong> ${why}`;
  return state;
}
