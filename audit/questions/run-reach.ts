import { executionHash } from '../../workflow/model/names.ts';
import { executionName, tagKeys } from '../../workflow/model/tags.ts';
import type { AccessRecord } from '../access/access-record.ts';
import { calls } from '../access/calls.ts';
import type { AnsweredCall } from './answered-call.ts';
import { type Thing, thingsOf } from './things.ts';

/**
 * Finds which calls are of a run: those that name its batch or its execution, those that its
 * machines made, and those that name one of its machines or grants.
 *
 * Of a batch, these are the calls of all its executions and of its upload. Of an execution by its
 * ARN, the calls that name only the batch are left out: another execution may have made them.
 * Memory grows with the run's machines, and with the grants of the log.
 */
export class RunReach {
  readonly #run: string;
  readonly #isExecution: boolean;
  readonly #executions = new Set<string>();
  readonly #ownInstances = new Set<string>();
  readonly #grants = new Map<string, { batch: string; grantee: string }>();

  /** @param run - A batch's id, or an execution's ARN. */
  constructor(run: string) {
    this.#run = run;
    this.#isExecution = run.startsWith('arn:');
    if (this.#isExecution) this.#executions.add(executionHash(run));
  }

  /** Takes up what a call made. All calls of the log must have been taken before any is asked for. */
  take(record: AccessRecord): void {
    const { eventName, errorCode, requestParameters, responseElements } = record;
    if (errorCode !== undefined) return;
    if (eventName === 'CreateQueue' || eventName === 'CreateGrant') this.#learn(thingsOf(record));
    if (eventName === 'RunInstances') this.#launched(requestParameters, responseElements);
    if (eventName === 'CreateGrant') this.#granted(requestParameters, responseElements);
  }

  /** Whether a call is of the run. */
  has({ by, on }: AnsweredCall): boolean {
    if (by.session !== undefined && this.#ownInstances.has(by.session)) return true;
    return on.some(({ kind, id }) => {
      if (kind === 'batch') return id === this.#run;
      if (kind === 'execution') return this.#executions.has(id);
      return kind === 'grant' ? this.#isOwnGrant(id) : this.#ownInstances.has(id);
    });
  }

  /** The names of queues and grants tell which executions a batch had. */
  #learn(things: readonly Thing[]): void {
    if (!things.some(({ kind, id }) => kind === 'batch' && id === this.#run)) return;
    for (const { kind, id } of things) if (kind === 'execution') this.#executions.add(id);
  }

  #launched(request: unknown, answer: unknown): void {
    const tags = calls.launchRequest.safeParse(request).data?.tagSpecificationSet.items[0]?.tags;
    const [key, value] = this.#isExecution
      ? [tagKeys.execution, executionName(this.#run)]
      : [tagKeys.batch, this.#run];
    if (tags?.some((tag) => tag.key === key && tag.value === value) !== true) return;
    const { data } = calls.launchAnswer.safeParse(answer);
    for (const { instanceId } of data?.instancesSet.items ?? []) this.#ownInstances.add(instanceId);
  }

  #granted(request: unknown, answer: unknown): void {
    const { data } = calls.granted.safeParse(request);
    const grantId = calls.grant.safeParse(answer).data?.grantId;
    if (data === undefined || grantId === undefined) return;
    this.#grants.set(grantId, {
      batch: data.constraints.encryptionContextSubset.batch,
      grantee: data.granteePrincipal.split('/').at(-1) ?? '',
    });
  }

  #isOwnGrant(grantId: string): boolean {
    const grant = this.#grants.get(grantId);
    if (grant === undefined) return false;
    return grant.batch === this.#run || this.#ownInstances.has(grant.grantee);
  }
}
