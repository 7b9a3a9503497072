import * as z from 'zod';
import { BatchPlan } from '../workflow/model/batch-plan.ts';
import { BatchId, ObjectId } from '../workflow/model/code.ts';
import {
  BatchState,
  FailureReason,
  ObjectState,
  PipelineReason,
} from '../workflow/model/ledger-items.ts';
import { MailKind } from '../workflow/model/mail.ts';
import { instanceId, Principal } from './access/principal.ts';
import { AssemblyDigests } from './assembly-digests.ts';
import { ErrorCode } from './error-code.ts';

/** ISO 8601, UTC. */
const Time = z.iso.datetime();
const Count = z.int().min(0);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const InstanceId = z.string().regex(instanceId);

/** Twelve hex digits that stand for an execution, whose name a person may have chosen. */
const ExecutionHash = z.string().regex(/^[0-9a-f]{12}$/);

const Status = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT']);

/** How a stay in a state, a try or a worker's iteration ended. */
export const Outcome = z.enum(['succeeded', 'failed', 'caught', 'aborted', 'running']);
export type Outcome = z.infer<typeof Outcome>;

const Milliseconds = z.int().min(0);

const times = { started: Time, ended: Time.optional() };

/** A call in the access log: CloudTrail's times are whole seconds. */
const Act = z.strictObject({ at: Time, by: Principal });

/** One stay in a state. */
export const StateVisit = z.strictObject({
  /** Id of the history event that entered it. */
  id: z.int().min(1),
  /** The stay before it; absent for the first of the machine, and of a worker. */
  cameFrom: z.int().min(1).optional(),
  state: z.string().max(80),
  type: z.enum(['Task', 'Map', 'Pass', 'Choice', 'Succeed', 'Fail']),
  /** Redrives of the execution before it was entered. */
  redrive: Count,
  worker: z.strictObject({ index: Count, attempt: z.int().min(1) }).optional(),
  ...times,
  outcome: Outcome,
  error: ErrorCode.optional(),
  /** How often a Retry tried again. */
  retries: Count,
  tries: z.array(
    z.strictObject({
      redrive: Count,
      scheduled: Time,
      started: Time.optional(),
      ended: Time.optional(),
      outcome: Outcome,
      error: ErrorCode.optional(),
    }),
  ),
});
export type StateVisit = z.infer<typeof StateVisit>;

/** One machine that was tried for a worker. */
export const WorkerAttempt = z.strictObject({
  attempt: z.int().min(1),
  instanceId: InstanceId.optional(),
  ...times,
  outcome: Outcome,
  error: ErrorCode.optional(),
  /**
   * Its states, in order. Wait is the time before a function took a try up, between tries, and all of
   * Await Worker; work is the rest. What a worker waits for inside of Process is not told by a history.
   */
  steps: z.array(
    z.strictObject({
      visit: z.int().min(1),
      state: z.string().max(80),
      ...times,
      waitMs: Milliseconds,
      workMs: Milliseconds,
      outcome: Outcome,
      error: ErrorCode.optional(),
    }),
  ),
});
export type WorkerAttempt = z.infer<typeof WorkerAttempt>;

/** One worker of a run: an iteration of the Map. */
export const WorkerLane = z.strictObject({
  redrive: Count,
  workerIndex: Count,
  ...times,
  /** `gave up` where every machine that was tried for it failed. */
  outcome: z.enum([...Outcome.options, 'gave up']),
  attempts: z.array(WorkerAttempt),
});
export type WorkerLane = z.infer<typeof WorkerLane>;

const ObjectRecord = z.strictObject({
  objectId: ObjectId,
  state: ObjectState,
  /** Size and digest of the ciphertext. */
  bytes: Count,
  sha256: Sha256.optional(),
  /** Claims of all runs of the batch together. */
  attempts: Count,
  reason: FailureReason.optional(),
  pipelineReason: PipelineReason.optional(),
  registeredAt: Time,
  endedAt: Time.optional(),
  result: z.strictObject({ bytes: Count, sha256: Sha256 }).optional(),
  /** Who had it last. The worker is told where it is one of this execution. */
  claimedBy: z
    .strictObject({
      execution: ExecutionHash,
      redrive: Count,
      instanceId: InstanceId,
      worker: z.strictObject({ index: Count, attempt: z.int().min(1) }).optional(),
    })
    .optional(),
});

/** Something that existed for the execution, by the access log. */
const Existed = z.strictObject({
  kind: z.enum(['instance', 'interface', 'queue']),
  id: z.string().max(128),
  made: Act.optional(),
  /** Absent where the log has no call that ended it. An interface ends with its instance. */
  ended: Act.optional(),
});

/** What Prove Evaporated answers: what it looked for, and that it found none. */
export const Proof = z.strictObject({
  instances: Count,
  volumes: Count,
  interfaces: Count,
  snapshots: Count,
  grants: Count,
  queues: Count,
  checkedAt: Time,
});

const Ended = z.strictObject({ instances: Count, grants: Count, queues: Count.optional() });

/**
 * The record of an execution of a batch: all that the evidence is made from.
 *
 * An execution has one record, whatever became of it. Redriven ones have a run for each redrive; each
 * stay, try and worker says in which it was. A batch that other executions ran before or after has a
 * record for each of them: they differ in `execution.hash`, and an object says which of them had it.
 *
 * Free of PHI by construction: fields are copied one by one, ids are minted or AWS's, errors are of a
 * closed list, and nothing that a person typed is among them, but the name of a person's session.
 */
export const RunRecord = z.strictObject({
  version: z.literal(1),
  study: z.string(),
  execution: z.strictObject({
    hash: ExecutionHash,
    stateMachineArn: z.string(),
    status: Status,
    ...times,
    error: ErrorCode.optional(),
    redrives: Count,
    /** Digest of the definition, as the state machine has it at the time of reading. */
    definitionSha256: Sha256,
  }),
  /** From the start, or a redrive, to the next end. What ends a run may do so in the next one. */
  runs: z
    .array(
      z.strictObject({
        redrive: Count,
        ...times,
        status: Status,
        error: ErrorCode.optional(),
        startedBy: Act.optional(),
        stoppedBy: Act.optional(),
      }),
    )
    .min(1),
  /** The batch that was asked for, and the plan where Validate Request accepted it. */
  request: z.strictObject({ batchId: BatchId.optional(), plan: BatchPlan.optional() }),
  /** What the ledger says now; absent where the execution opened no batch. */
  batch: z
    .strictObject({
      state: BatchState,
      /** Whether this execution was the last to open it: else what follows is another's. */
      isOfThisExecution: z.boolean(),
      openedAt: Time.optional(),
      closedAt: Time.optional(),
      objects: Count.optional(),
      /** How often it was opened, by this execution and by others. */
      runs: Count.optional(),
      reason: ErrorCode.optional(),
      result: z.strictObject({ bytes: Count, sha256: Sha256 }).optional(),
    })
    .optional(),
  /** In the order in which they were entered. */
  states: z.array(StateVisit),
  workers: z.array(WorkerLane),
  objects: z.array(ObjectRecord),
  mails: z.array(z.strictObject({ kind: MailKind, redrive: Count, sentAt: Time })),
  /** What the states that end things said they ended. */
  ended: z.array(z.strictObject({ visit: z.int().min(1), state: z.string(), ...Ended.shape })),
  /** The proofs of absence, in order; the last one is the one that counts. */
  proofs: z.array(z.strictObject({ visit: z.int().min(1), state: z.string(), ...Proof.shape })),
  /** What the access log says; absent where none was read. */
  access: z
    .strictObject({
      records: Count,
      first: Time.optional(),
      last: Time.optional(),
      existed: z.array(Existed),
      /** The data key's life: its grants for the batch, and who used it for the batch, when. */
      grants: z.array(
        z.strictObject({
          grantId: z.string().max(128),
          /** The instance whose session alone may use it. */
          grantee: z.string().max(128),
          operations: z.array(z.string().max(64)),
          made: Act,
          ended: Act.optional(),
          /** Calls of the grantee on the key, for the batch. */
          used: Count,
        }),
      ),
      keyUses: z.array(
        z.strictObject({
          by: Principal,
          operation: z.string().max(64),
          kind: z.enum(['input', 'result']),
          times: Count,
          denied: Count,
          first: Time,
          last: Time,
        }),
      ),
      denied: z.array(z.strictObject({ at: Time, by: Principal, call: z.string().max(128) })),
    })
    .optional(),
  /** Digests of templates and bundles, where a cloud assembly was given. */
  digests: AssemblyDigests.optional(),
});
export type RunRecord = z.infer<typeof RunRecord>;
