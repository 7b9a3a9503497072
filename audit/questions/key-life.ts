import * as z from 'zod';
import { BatchId } from '../../workflow/model/code.ts';
import type { AccessRecord } from '../access/access-record.ts';
import { calls, denials } from '../access/calls.ts';
import { type Principal, principalOf } from '../access/principal.ts';
import type { Call, Grant } from '../access/run-calls.ts';

/** The fields of an encryption context; another study's name, or what is no batch's id, is `other`. */
export interface UseContext {
  readonly study: string;
  readonly batch: string;
  readonly kind: string;
}

/** One session's calls of one kind on the data key, with one encryption context. */
export interface ContextUse {
  readonly by: Principal;
  readonly operation: string;
  /** Absent where the call gave none. */
  readonly context: UseContext | undefined;
  times: number;
  denied: number;
  first: string;
  last: string;
}

const Context = z.object({ encryptionContext: z.record(z.string(), z.string()) });
const Resources = z.array(z.object({ ARN: z.string() }));
const Key = z.object({ keyId: z.string() });
const kinds = new Set(['input', 'result']);
const uses = new Set(['Decrypt', 'Encrypt', 'ReEncrypt', 'ReEncryptFrom', 'ReEncryptTo']);

/**
 * What an access log says of the data key: grants, their ends, uses, and what was denied.
 *
 * Records may come in any order. Memory grows with grants and sessions, never with the uses.
 */
export class KeyLife {
  records = 0;
  /** Records that are about the data key. */
  ofKey = 0;
  readonly grants: (Grant & { readonly batch: string })[] = [];
  readonly #ends = new Map<string, Call & { readonly call: string }>();
  readonly #uses = new Map<string, ContextUse>();
  readonly #denied: (Call & { readonly call: string })[] = [];
  readonly #of: { study: string; keyArn: string; batchId?: string | undefined };

  /** With a batch, the calls that name another one are left out; those that name none are not. */
  constructor(of: { study: string; keyArn: string; batchId?: string | undefined }) {
    this.#of = of;
  }

  /** The first call that retired or revoked a grant. */
  endOf(grantId: string): (Call & { readonly call: string }) | undefined {
    return this.#ends.get(grantId);
  }

  /** Uses, the first one first. */
  get uses(): ContextUse[] {
    return [...this.#uses.values()].toSorted(
      (a, b) => Number(a.first > b.first) - Number(a.first < b.first),
    );
  }

  /** Denied calls on the key that are no uses with a context: grants, its policy, its state. */
  get denied(): readonly (Call & { readonly call: string })[] {
    return this.#denied;
  }

  take(record: AccessRecord): void {
    this.records += 1;
    if (record.eventSource !== 'kms.amazonaws.com' || !this.#isOurs(record)) return;
    this.ofKey += 1;
    const { eventName: call, eventTime: at, errorCode, requestParameters } = record;
    const by = principalOf(record, this.#of.study);
    const isDenied = errorCode !== undefined && denials.has(errorCode);
    if (uses.has(call) || call.startsWith('GenerateDataKey')) {
      this.#use(record, by, isDenied);
      return;
    }
    if (isDenied) this.#denied.push({ at, by, call });
    if (errorCode !== undefined) return;
    if (call === 'CreateGrant') this.#grant(record, { at, by });
    if (call === 'RevokeGrant' || call === 'RetireGrant') {
      const grantId = calls.grant.safeParse(requestParameters).data?.grantId;
      const earlier = grantId === undefined ? undefined : this.#ends.get(grantId);
      if (grantId === undefined || (earlier !== undefined && earlier.at <= at)) return;
      this.#ends.set(grantId, { at, by, call });
    }
  }

  /** Whether a call is on the data key. CloudTrail names it in `resources`, or in what was asked. */
  #isOurs({ resources, requestParameters }: AccessRecord): boolean {
    const { keyArn } = this.#of;
    const named = Resources.safeParse(resources).data?.map(({ ARN }) => ARN) ?? [];
    const asked = Key.safeParse(requestParameters).data?.keyId;
    return [...named, asked].some((key) => key === keyArn || keyArn.endsWith(`/${key ?? ''}`));
  }

  #grant({ requestParameters, responseElements }: AccessRecord, call: Call): void {
    const { data } = calls.granted.safeParse(requestParameters);
    const grantId = calls.grant.safeParse(responseElements).data?.grantId;
    if (data === undefined || grantId === undefined) return;
    const batch = batchOr(data.constraints.encryptionContextSubset.batch);
    if (this.#isOther(batch) || this.grants.some((grant) => grant.grantId === grantId)) return;
    const grantee = data.granteePrincipal.split('/').at(-1) ?? '';
    this.grants.push({ ...call, grantId, grantee, batch, operations: data.operations });
  }

  #use(record: AccessRecord, by: Principal, isDenied: boolean): void {
    const { eventName: operation, eventTime: at, errorCode, requestParameters } = record;
    if (errorCode !== undefined && !isDenied) return;
    const given = Context.safeParse(requestParameters).data?.encryptionContext;
    const context = given && {
      study: given.study === this.#of.study ? given.study : 'other',
      batch: batchOr(given.batch),
      kind: kinds.has(given.kind ?? '') ? (given.kind ?? '') : 'other',
    };
    if (context !== undefined && this.#isOther(context.batch)) return;
    const key = JSON.stringify([by, operation, context]);
    const fresh = { by, operation, context, times: 0, denied: 0, first: at, last: at };
    const use: ContextUse = this.#uses.get(key) ?? fresh;
    if (isDenied) use.denied += 1;
    else use.times += 1;
    if (at < use.first) use.first = at;
    if (at > use.last) use.last = at;
    this.#uses.set(key, use);
  }

  #isOther(batch: string): boolean {
    return this.#of.batchId !== undefined && batch !== this.#of.batchId;
  }
}

const batchOr = (text: string | undefined): string => BatchId.safeParse(text).data ?? 'other';
