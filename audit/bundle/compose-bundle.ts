import { EvidenceError } from '../evidence-error.ts';
import { drawRunGraph } from '../graph/run-graph.ts';
import type { RunEvidence } from '../read-run-record.ts';
import { writeReport } from '../report/write-report.ts';
import type { Writer } from './bag-info.ts';
import { packBag } from './bag.ts';
import { type Bundle, bundleName } from './bundle.ts';
import { chainEvents } from './event-chain.ts';
import { writeCrate } from './ro-crate.ts';
import { runTables } from './run-tables.ts';
import type { EvidenceSigner } from './signer.ts';

/** How a bundle is composed. */
export interface BundleOptions {
  readonly signer: EvidenceSigner;
  readonly writtenBy: Writer;
  readonly now: Date;
}

/**
 * Composes the bundle of an execution that has ended, and has it signed.
 *
 * But for the signature, which ECDSA makes anew each time, the same evidence, writer and time give the
 * same bytes. Free of PHI as the record is: of events, closed fields only are taken. All of it is held
 * in memory.
 *
 * @throws EvidenceError where the execution runs: what has not ended is no evidence of how it ended.
 */
export async function composeBundle(
  evidence: RunEvidence,
  { signer, writtenBy, now }: BundleOptions,
): Promise<Bundle> {
  const { record, definitionText, events } = evidence;
  const { study, execution, request } = record;
  if (execution.status === 'RUNNING') {
    throw new EvidenceError('the execution has not ended: evidence of it is bundled when it has');
  }
  const { hash: executionHash, redrives } = execution;
  const chain = chainEvents(events, { study, executionHash, redrives });
  const graph = draw(evidence);
  const described = new Map([
    ['definition.asl.json', definitionText],
    ['events.jsonl', chain.text],
    ['record.json', `${JSON.stringify(record, null, 1)}\n`],
    ['report.html', writeReport(evidence)],
    ...runTables(record),
    ...(graph === undefined ? [] : [['graph.svg', graph] as const]),
  ]);
  const crate = writeCrate({ record, chain, files: described, composedAt: now });
  const payload = inOrder([...described, ['ro-crate-metadata.json', crate]]);
  const facts = { record, chain, payload, writtenBy, composedAt: now };
  return {
    name: bundleName({ batchId: request.batchId, executionHash, redrive: redrives }),
    files: await packBag(facts, signer),
  };
}

function inOrder(files: readonly (readonly [string, string])[]): Map<string, Uint8Array> {
  return new Map(
    files
      .toSorted(([a], [b]) => Number(a > b) - Number(a < b))
      .map(([name, text]) => [`data/${name}`, Buffer.from(text)]),
  );
}

/** A graph that cannot be drawn takes no other evidence with it: the report says why. */
function draw({ definition, record }: RunEvidence): string | undefined {
  try {
    return drawRunGraph(definition, record);
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}
