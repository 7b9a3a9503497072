import { randomUUID } from 'node:crypto';
import type { Surroundings } from '../../api.ts';

/** An event as EventBridge hands it on. */
export interface BridgeEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** To the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What its sender says of an event. */
export interface EventContent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
  /** @default now */
  readonly time?: Date;
}

/** Puts an event into its envelope. */
export function bridgeEvent(
  { source, detailType, resources, detail, time }: EventContent,
  { accountId, region, clock }: Pick<Surroundings, 'accountId' | 'region' | 'clock'>,
): BridgeEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account: accountId,
    time: `${(time ?? clock.now()).toISOString().slice(0, 19)}Z`,
    region,
    resources,
    detail,
  };
}
