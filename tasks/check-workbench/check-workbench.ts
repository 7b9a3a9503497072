import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SSMClient } from '@aws-sdk/client-ssm';
import * as z from 'zod';
import { IngestExecution, IngestRequest } from '../../ingest/model/ingest-run.ts';
import {
  ContractError,
  IngestBusyError,
  RequestRefusedError,
  WorkbenchStoppedError,
  WorkbenchUnreachableError,
} from '../../workflow/model/errors.ts';
import { findSystem } from '../run-instances/find-instances.ts';
import { onlineWorkers } from '../worker-command/online-workers.ts';
import { isOlderRunOn } from './older-run.ts';

export const CheckWorkbenchInput = z.strictObject({
  ...IngestExecution.shape,
  stateMachineArn: z.string().min(1),
  /** The execution's input, as it came. */
  request: z.unknown(),
});
export type CheckWorkbenchInput = z.infer<typeof CheckWorkbenchInput>;

export const CheckWorkbenchOutput = z.strictObject({
  instanceId: z.string(),
  seal: IngestRequest.shape.seal.unwrap(),
  /** By the functions' clock: what is in the queue by now, the poll that follows will find. */
  checkedAt: z.iso.datetime(),
});
export type CheckWorkbenchOutput = z.infer<typeof CheckWorkbenchOutput>;

export interface CheckWorkbenchDeps {
  readonly ec2: EC2Client;
  readonly sfn: SFNClient;
  readonly ssm: SSMClient;
  readonly study: string;
  readonly now: () => Date;
}

/**
 * Finds the one workbench (E), running and with an agent that answers.
 *
 * It only reads, so a second call does no harm; it may find what changed meanwhile.
 *
 * @throws RequestRefusedError when the execution's input is neither empty nor a list of days.
 * @throws IngestBusyError when an older execution of the machine runs.
 * @throws WorkbenchStoppedError, WorkbenchUnreachableError when no poll can be begun.
 */
export async function checkWorkbench(
  { request, ...run }: CheckWorkbenchInput,
  { ec2, sfn, ssm, study, now }: CheckWorkbenchDeps,
): Promise<CheckWorkbenchOutput> {
  const { seal = [] } = readRequest(request);
  if (await isOlderRunOn(sfn, run)) {
    throw new IngestBusyError('an older execution of the ingest runs');
  }
  const instanceId = await findWorkbench(ec2, study);
  if (!(await onlineWorkers(ssm, [instanceId])).has(instanceId)) {
    throw new WorkbenchUnreachableError(`the agent of workbench ${instanceId} does not answer`);
  }
  return { instanceId, seal, checkedAt: now().toISOString() };
}

function readRequest(request: unknown): IngestRequest {
  const read = IngestRequest.safeParse(request);
  if (read.success) return read.data;
  // A path and zod's code: neither a value nor an unknown key, which a person may have typed.
  const fields = read.error.issues.map(
    ({ path, code }) => `${path.map(String).join('.') || 'request'} ${code}`,
  );
  throw new RequestRefusedError(
    `the input must be {} or name at most 31 days to seal: ${fields.join(', ')}`,
  );
}

async function findWorkbench(ec2: EC2Client, study: string): Promise<string> {
  const found = await findSystem(ec2, study, 'workbench');
  const running = found.filter(({ state }) => state === 'running');
  const [first] = running;
  if (running.length > 1) {
    // Each may have an object of its own under way: only a person knows which is to go on.
    throw new ContractError(`${running.length} workbenches are running`);
  }
  if (first !== undefined) return first.instanceId;
  const starting = found.find(({ state }) => state === 'pending');
  if (starting !== undefined) {
    throw new WorkbenchUnreachableError(`workbench ${starting.instanceId} is starting`);
  }
  const [stopped] = found;
  throw new WorkbenchStoppedError(
    stopped === undefined
      ? 'there is no workbench'
      : `workbench ${stopped.instanceId} is ${stopped.state}`,
  );
}
