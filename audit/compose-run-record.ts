import type * as z from 'zod';
import { BatchId } from '../workflow/model/code.ts';
import type { BatchItem, ObjectItem } from '../workflow/model/ledger-items.ts';
import { executionHash } from '../workflow/model/names.ts';
import type { Grant, RunCalls } from './access/run-calls.ts';
import { answerOf, answers } from './answers.ts';
import type { AssemblyDigests } from './assembly-digests.ts';
import { errorCode } from './error-code.ts';
import type { Folded } from './history/fold-history.ts';
import { retriesOf, type Try, type Visit } from './history/visit.ts';
import { RunRecord, type StateVisit, type WorkerLane } from './run-record.ts';
import { workerLanes } from './worker-lanes.ts';

/** An execution as Step Functions describes it. */
export interface DescribedExecution {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly status: z.input<typeof RunRecord>['execution']['status'];
  readonly started: Date;
  readonly ended: Date | undefined;
  readonly error: string | undefined;
  readonly redrives: number;
  /** JSON that a person typed or `czar start` sent: of it, the batch's id is read. */
  readonly input: string | undefined;
}

/** All that a record is composed of. */
export interface RecordParts {
  readonly study: string;
  readonly execution: DescribedExecution;
  readonly definitionSha256: string;
  readonly history: Folded;
  readonly batch: BatchItem | undefined;
  readonly objects: readonly ObjectItem[];
  readonly mails: RunRecord['mails'];
  readonly calls: RunCalls | undefined;
  readonly digests: AssemblyDigests | undefined;
}

/** The batch that an execution's input names, if it is the minted id of one. */
export function batchOf(input: string | undefined): string | undefined {
  try {
    const { batchId } = JSON.parse(input ?? '') as { readonly batchId?: unknown };
    return BatchId.safeParse(batchId).data;
  } catch {
    return undefined;
  }
}

/** Whether the execution opened its batch, in any of its runs. */
export function openedBatch({ visits }: Folded): boolean {
  return visits.some(({ state, outcome }) => state === 'Open Batch' && outcome === 'succeeded');
}

/** Composes the record: field by field, and then held against its schema. */
export function composeRunRecord(parts: RecordParts): RunRecord {
  const { study, execution, history, batch, objects, mails, calls, digests } = parts;
  const { visits, iterations, stretches } = history;
  const workers = workerLanes(visits, iterations);
  const plan = visits.map((visit) => visit.state === 'Validate Request' && planOf(visit));
  return RunRecord.parse({
    version: 1,
    study,
    execution: {
      hash: executionHash(execution.executionArn),
      stateMachineArn: execution.stateMachineArn,
      status: execution.status,
      started: execution.started.toISOString(),
      ended: execution.ended?.toISOString(),
      error: errorCode(execution.error),
      redrives: execution.redrives,
      definitionSha256: parts.definitionSha256,
    },
    runs: stretches.map(({ redrive, started, ended, status, error }, index) => {
      const next = stretches[index + 1]?.started;
      return {
        redrive,
        started: started.toISOString(),
        ended: ended?.toISOString(),
        status,
        error,
        startedBy: redrive === 0 ? calls?.started[0] : inTurn(calls?.redriven)[redrive - 1],
        stoppedBy:
          status === 'ABORTED'
            ? inTurn(calls?.stopped).findLast(
                ({ at }) => next === undefined || Date.parse(at) <= next.getTime(),
              )
            : undefined,
      };
    }),
    request: {
      batchId: batchOf(execution.input),
      plan: plan.find((each) => each !== false && each !== undefined),
    },
    batch: batch && batchRecord(batch, execution.executionArn),
    states: visits.map(stateVisit),
    workers,
    objects: objects.map((object) => objectRecord(object, execution.executionArn, workers)),
    mails,
    ended: visits.flatMap((visit) => told(visit, answers.ended, /^(?:Terminate|Retire)\b/)),
    proofs: visits.flatMap((visit) => told(visit, answers.proof, /^Prove\b/)),
    access: calls && accessRecord(calls, workers),
    digests,
  } satisfies z.input<typeof RunRecord>);
}

const planOf = (visit: Visit) => answerOf(visit, answers.plan);

/** CloudTrail delivers in any order. */
const inTurn = <Timed extends { readonly at: string }>(list: readonly Timed[] = []): Timed[] =>
  list.toSorted((a, b) => Number(a.at > b.at) - Number(a.at < b.at));

function told<Schema extends z.ZodObject>(visit: Visit, schema: Schema, states: RegExp) {
  const answer = states.test(visit.state) ? answerOf(visit, schema) : undefined;
  return answer === undefined ? [] : [{ visit: visit.id, state: visit.state, ...answer }];
}

function stateVisit(visit: Visit): StateVisit {
  const { id, cameFrom, state, type, redrive, worker, entered, ended, outcome, error } = visit;
  return {
    id,
    cameFrom,
    state,
    type,
    redrive,
    worker,
    started: entered.toISOString(),
    ended: ended?.toISOString(),
    outcome,
    error,
    retries: retriesOf(visit),
    tries: visit.tries.map(tryRecord),
  };
}

function tryRecord({ redrive, scheduled, started, ended, outcome, error }: Try) {
  return {
    redrive,
    scheduled: scheduled.toISOString(),
    started: started?.toISOString(),
    ended: ended?.toISOString(),
    outcome,
    error,
  };
}

function batchRecord(batch: BatchItem, executionArn: string): RunRecord['batch'] {
  const { state, openedAt, closedAt, objects, runs, reason, result } = batch;
  return {
    state,
    isOfThisExecution: batch.executionArn === executionArn,
    openedAt,
    closedAt,
    objects,
    runs,
    reason: errorCode(reason),
    result: result && { bytes: result.sizeBytes, sha256: result.sha256 },
  };
}

function objectRecord(
  object: ObjectItem,
  executionArn: string,
  lanes: readonly WorkerLane[],
): RunRecord['objects'][number] {
  const { objectId, state, sizeBytes, sha256, attempts = 0, claim, result } = object;
  return {
    objectId,
    state,
    bytes: sizeBytes,
    sha256,
    attempts,
    reason: object.reason,
    pipelineReason: object.pipelineReason,
    registeredAt: object.registeredAt,
    endedAt: object.endedAt,
    result: result && { bytes: result.sizeBytes, sha256: result.sha256 },
    claimedBy: claim && {
      execution: executionHash(claim.executionArn),
      redrive: claim.redrive,
      instanceId: claim.instanceId,
      worker: claim.executionArn === executionArn ? workerOf(claim.instanceId, lanes) : undefined,
    },
  };
}

function workerOf(instanceId: string, lanes: readonly WorkerLane[]) {
  for (const { workerIndex, attempts } of lanes) {
    const found = attempts.find((each) => each.instanceId === instanceId);
    if (found !== undefined) return { index: workerIndex, attempt: found.attempt };
  }
  return undefined;
}

function accessRecord(
  calls: RunCalls,
  lanes: readonly WorkerLane[],
): NonNullable<RunRecord['access']> {
  const known = lanes.flatMap(({ attempts }) => attempts.flatMap((each) => each.instanceId ?? []));
  const launches = inTurn(calls.launches);
  const instances = [...new Set([...launches.map((each) => each.instanceId), ...known])];
  const own = new Set(instances);
  const grants = inTurn(calls.grants).filter(({ grantee }) => own.has(grantee));
  const uses = [...calls.keyUses.values()];
  return {
    records: calls.records,
    first: calls.first,
    last: calls.last,
    existed: [
      ...instances.map((id) => {
        const made = launches.find((launch) => launch.instanceId === id);
        return { kind: 'instance' as const, id, made: act(made), ended: calls.endOf(id) };
      }),
      ...launches.flatMap((made) =>
        made.interfaces.map((id) => ({
          kind: 'interface' as const,
          id,
          made: act(made),
          ended: calls.endOf(made.instanceId),
        })),
      ),
      ...inTurn(calls.queues).map((made) => ({
        kind: 'queue' as const,
        id: made.name,
        made: act(made),
        ended: calls.endOf(made.name),
      })),
    ],
    grants: grants.map((grant) => ({
      grantId: grant.grantId,
      grantee: grant.grantee,
      operations: [...grant.operations],
      made: { at: grant.at, by: grant.by },
      ended: calls.endOf(grant.grantId),
      used: timesUsed(grant, uses),
    })),
    keyUses: uses.toSorted((a, b) => Number(a.first > b.first) - Number(a.first < b.first)),
    denied: inTurn(calls.denied).filter(({ by }) => own.has(by.session ?? '')),
  };
}

const act = (call: Grant | RunCalls['queues'][number] | RunCalls['launches'][number] | undefined) =>
  call && { at: call.at, by: call.by };

function timesUsed(
  { grantee }: Grant,
  uses: Iterable<{ by: { session?: string | undefined }; times: number }>,
) {
  let sum = 0;
  for (const { by, times } of uses) if (by.session === grantee) sum += times;
  return sum;
}
