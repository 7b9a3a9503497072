import { batchQueuePrefix, executionHash } from '../../workflow/model/names.ts';
import { executionName, tagKeys } from '../../workflow/model/tags.ts';
import type { AccessRecord } from './access-record.ts';
import { calls, denials } from './calls.ts';
import { type Principal, principalOf } from './principal.ts';

/** Whose calls are looked for. */
export interface CallsOf {
  readonly study: string;
  readonly executionArn: string;
  /** Absent where the request named no batch. */
  readonly batchId?: string | undefined;
}

/** A call: when, and by whom. */
export interface Call {
  readonly at: string;
  readonly by: Principal;
}

/** An instance that the log says was launched for the execution. */
export interface Launch extends Call {
  readonly instanceId: string;
  readonly interfaces: readonly string[];
}

/** A grant that the log says was made for the batch. */
export interface Grant extends Call {
  readonly grantId: string;
  readonly grantee: string;
  readonly operations: readonly string[];
}

/** One principal's calls of one kind on the data key, for the batch. */
export interface KeyUse {
  readonly by: Principal;
  readonly operation: string;
  readonly kind: 'input' | 'result';
  times: number;
  denied: number;
  first: string;
  last: string;
}

/**
 * What an access log says of one execution and its batch.
 *
 * Records may come in any order, as CloudTrail delivers them. Kept is what names the execution or the
 * batch, and every end of an instance, grant or queue: memory grows with these, never with the log.
 */
export class RunCalls {
  records = 0;
  first: string | undefined;
  last: string | undefined;
  readonly started: Call[] = [];
  readonly redriven: Call[] = [];
  readonly stopped: Call[] = [];
  readonly launches: Launch[] = [];
  readonly grants: Grant[] = [];
  readonly queues: (Call & { readonly name: string })[] = [];
  readonly keyUses = new Map<string, KeyUse>();
  /** Workers' calls that were denied: when, by whom, and which. */
  readonly denied: (Call & { readonly call: string })[] = [];
  readonly #ended = new Map<string, Call>();
  readonly #of: CallsOf;
  readonly #queuePrefix: string | undefined;

  constructor(of: CallsOf) {
    this.#of = of;
    const { batchId, study, executionArn } = of;
    if (batchId !== undefined) {
      this.#queuePrefix = batchQueuePrefix({ study, batchId }) + executionHash(executionArn);
    }
  }

  /** The first call that ended an instance, a grant or a queue, by its id or name. */
  endOf(id: string): Call | undefined {
    return this.#ended.get(id);
  }

  /** Takes up a record, if it is about this execution or its batch. */
  take(record: AccessRecord): void {
    const { eventTime: at, eventSource, eventName, errorCode } = record;
    this.records += 1;
    if (this.first === undefined || at < this.first) this.first = at;
    if (this.last === undefined || at > this.last) this.last = at;
    const by = principalOf(record, this.#of.study);
    const isDenied = errorCode !== undefined && denials.has(errorCode);
    if (isDenied && by.kind === 'worker') this.denied.push({ at, by, call: named(record) });
    if (eventSource === 'kms.amazonaws.com') this.#takeUse(record, by, isDenied);
    if (errorCode !== undefined) return;
    this.#makers[eventName]?.(record, { at, by });
  }

  readonly #makers: Readonly<Record<string, (record: AccessRecord, call: Call) => void>> = {
    StartExecution: ({ responseElements }, call) =>
      this.#turn(this.started, responseElements, call),
    RedriveExecution: ({ requestParameters }, call) =>
      this.#turn(this.redriven, requestParameters, call),
    StopExecution: ({ requestParameters }, call) =>
      this.#turn(this.stopped, requestParameters, call),
    RunInstances: (record, call) => this.#launch(record, call),
    TerminateInstances: ({ requestParameters }, call) => {
      const { data } = calls.terminated.safeParse(requestParameters);
      for (const { instanceId } of data?.instancesSet.items ?? []) this.#end(instanceId, call);
    },
    CreateGrant: (record, call) => this.#grant(record, call),
    RevokeGrant: (record, call) => this.#endGrant(record, call),
    RetireGrant: (record, call) => this.#endGrant(record, call),
    CreateQueue: ({ requestParameters }, call) => {
      const name = calls.queueMade.safeParse(requestParameters).data?.queueName;
      const isOwn = this.#queuePrefix !== undefined && name?.startsWith(this.#queuePrefix);
      // A repeated call answers the queue that is there.
      if (name !== undefined && isOwn && !this.queues.some((queue) => queue.name === name)) {
        this.queues.push({ ...call, name });
      }
    },
    DeleteQueue: ({ requestParameters }, call) => {
      const url = calls.queueDeleted.safeParse(requestParameters).data?.queueUrl;
      const name = url?.split('/').at(-1);
      if (name !== undefined) this.#end(name, call);
    },
  };

  #turn(list: Call[], named: unknown, call: Call): void {
    const { data } = calls.started.safeParse(named);
    if (data?.executionArn === this.#of.executionArn) list.push(call);
  }

  #launch({ requestParameters, responseElements }: AccessRecord, call: Call): void {
    const request = calls.launchRequest.safeParse(requestParameters).data;
    const answer = calls.launchAnswer.safeParse(responseElements).data;
    const tags = request?.tagSpecificationSet.items[0]?.tags ?? [];
    const valueOf = (key: string) => tags.find((tag) => tag.key === key)?.value;
    const isOwn =
      valueOf(tagKeys.batch) === this.#of.batchId &&
      valueOf(tagKeys.execution) === executionName(this.#of.executionArn);
    if (!isOwn) return;
    for (const { instanceId, networkInterfaceSet } of answer?.instancesSet.items ?? []) {
      if (this.launches.some((launch) => launch.instanceId === instanceId)) continue;
      const interfaces = networkInterfaceSet?.items.map((each) => each.networkInterfaceId) ?? [];
      this.launches.push({ ...call, instanceId, interfaces });
    }
  }

  #grant({ requestParameters, responseElements }: AccessRecord, call: Call): void {
    const request = calls.granted.safeParse(requestParameters).data;
    const grantId = calls.grant.safeParse(responseElements).data?.grantId;
    if (request?.constraints.encryptionContextSubset.batch !== this.#of.batchId) return;
    if (grantId === undefined || request === undefined) return;
    if (this.grants.some((grant) => grant.grantId === grantId)) return;
    const grantee = request.granteePrincipal.split('/').at(-1) ?? '';
    this.grants.push({ ...call, grantId, grantee, operations: request.operations });
  }

  #endGrant({ requestParameters }: AccessRecord, call: Call): void {
    const { data } = calls.grant.safeParse(requestParameters);
    if (data !== undefined) this.#end(data.grantId, call);
  }

  #end(id: string, call: Call): void {
    const earlier = this.#ended.get(id);
    if (earlier === undefined || call.at < earlier.at) this.#ended.set(id, call);
  }

  #takeUse(record: AccessRecord, by: Principal, isDenied: boolean): void {
    const { eventName: operation, eventTime: at, requestParameters, errorCode } = record;
    const context = calls.used.safeParse(requestParameters).data?.encryptionContext;
    if (context === undefined || context.batch !== this.#of.batchId) return;
    if (errorCode !== undefined && !isDenied) return;
    const { kind } = context;
    const key = [by.kind, by.name, by.session, operation, kind].join(' ');
    const use = this.keyUses.get(key) ?? {
      by,
      operation,
      kind,
      times: 0,
      denied: 0,
      first: at,
      last: at,
    };
    if (isDenied) use.denied += 1;
    else use.times += 1;
    if (at < use.first) use.first = at;
    if (at > use.last) use.last = at;
    this.keyUses.set(key, use);
  }
}

const named = ({ eventSource, eventName }: AccessRecord): string =>
  `${eventSource.split('.')[0] ?? ''}:${eventName}`;
