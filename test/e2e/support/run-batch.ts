import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { readNewEvents } from '../../../client/watch/history-events.ts';
import { getBatch } from '../../../ledger/batches.ts';
import { listObjects } from '../../../ledger/objects.ts';
import type { BatchItem, ObjectItem } from '../../../workflow/model/ledger-items.ts';
import { batchIdLength, mintCode } from '../../../workflow/model/code.ts';
import type { RoleDeployment, StudyCloud } from './study-cloud.ts';

/** Mints a batch id, as `czar upload` does. */
export const newBatchId = (): string => mintCode(batchIdLength, () => randomBytes(1).readUInt8());

/** How an execution ended, and what the ledger says then. */
export interface BatchEnd {
  readonly executionArn: string;
  readonly execution: DescribeExecutionOutput;
  readonly batch: BatchItem | undefined;
  readonly objects: readonly ObjectItem[];
  /** Names of the states entered, in order: their number is what AWS bills. */
  readonly states: readonly string[];
}

/** Starts an execution with any input, as the operator would from the console. */
export async function start({ sfn, settings }: RoleDeployment, input: unknown): Promise<string> {
  const { executionArn = '' } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: settings.stateMachineArn,
      input: JSON.stringify(input),
    }),
  );
  return executionArn;
}

/** Waits until a condition holds; the test's own time limit ends the waiting. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
}

/** Waits for an execution's end, and reads what it left. */
export async function ended(
  operator: RoleDeployment,
  executionArn: string,
  batchId: string,
): Promise<BatchEnd> {
  const execution = await until(async () => {
    const found = await operator.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return found.status === 'RUNNING' ? undefined : found;
  });
  const events = await readNewEvents(operator.sfn, executionArn, 0);
  return {
    executionArn,
    execution,
    batch: await getBatch(operator.ledger, batchId),
    objects: await Array.fromAsync(listObjects(operator.ledger, batchId)),
    states: events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
  };
}

/** What the ledger says of a batch but for its evidence, which is noted some time behind a run's end. */
export function withoutEvidence(
  batch: BatchItem | undefined,
): Omit<BatchItem, 'evidence'> | undefined {
  if (batch === undefined) return undefined;
  const { evidence: _, ...rest } = batch;
  return rest;
}

/** Runs a sealed batch to its end. */
export async function runBatch(
  { as }: StudyCloud,
  batchId: string,
  request: Readonly<Record<string, unknown>> = {},
): Promise<BatchEnd> {
  const operator = as('operator');
  await sealed(operator, batchId);
  const input = { batchId, pipeline: 'vitals-summary', workers: 2, ...request };
  return ended(operator, await start(operator, input), batchId);
}

/** Waits until the bucket's events have sealed a batch. */
export async function sealed({ ledger }: RoleDeployment, batchId: string): Promise<void> {
  await until(async () =>
    (await getBatch(ledger, batchId))?.state === 'SEALED' ? true : undefined,
  );
}
