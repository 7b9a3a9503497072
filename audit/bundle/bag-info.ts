import { createHash } from 'node:crypto';
import type { RunRecord } from '../run-record.ts';
import type { EventChain } from './event-chain.ts';

/** Who composed a bundle: the deployment by itself after the end of a run, or an auditor. */
export type Writer = 'lifecycle' | 'auditor';

/** What a bundle says of itself. */
export interface BagFacts {
  readonly record: RunRecord;
  readonly chain: Pick<EventChain, 'count' | 'head'>;
  readonly payload: ReadonlyMap<string, Uint8Array>;
  readonly writtenBy: Writer;
  readonly composedAt: Date;
}

/** The form of bundles that this program writes and verifies. */
export const evidenceVersion = '1';

/**
 * A UUID that stands for a run in metadata: the same in every bundle of it, and it tells nothing.
 *
 * Of version 8 (RFC 9562), made of a digest; `of` tells the several ids of a run apart.
 */
export function runUuid({ study, execution }: RunRecord, of: string): string {
  const text = `czarhipaa ${of}\n${study}\n${execution.hash}\n${execution.redrives}\n`;
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** What `bag-info.txt` says, label by label: those of BagIt first, then our own. */
export function bagInfo({ record, chain, payload, writtenBy, composedAt }: BagFacts) {
  const { study, execution, request, access } = record;
  const bytes = [...payload.values()].reduce((total, { length }) => total + length, 0);
  return {
    'Bagging-Date': composedAt.toISOString().slice(0, 10),
    'Bag-Software-Agent': 'czarhipaa',
    'External-Identifier': `urn:uuid:${runUuid(record, 'bag')}`,
    'Payload-Oxum': `${bytes}.${payload.size}`,
    'Evidence-Version': evidenceVersion,
    Study: study,
    Batch: request.batchId ?? 'none',
    Execution: execution.hash,
    Redrives: String(execution.redrives),
    Status: execution.status,
    'Composed-By': writtenBy,
    'Composed-At': composedAt.toISOString(),
    'Access-Log': access === undefined ? 'none was read' : `${access.records} records were read`,
    'Event-Count': String(chain.count),
    'Event-Chain-Head': chain.head,
  };
}

/** The lines of `bag-info.txt`. */
export function writeBagInfo(facts: BagFacts): string {
  return Object.entries(bagInfo(facts))
    .map(([label, value]) => `${label}: ${value}\n`)
    .join('');
}
