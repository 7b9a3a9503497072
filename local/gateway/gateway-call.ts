import type { Access, Call, CallRecord, CloudCaller, Service } from '../api.ts';
import { decide } from '../policy/evaluate.ts';
import { accessDenied } from './access-denied.ts';
import { conditionContext, viaContext, type Arrival } from './condition-context.ts';

/** The services' view of one call that came in over HTTP. */
export class GatewayCall implements Call {
  readonly requestId: string;
  readonly caller: CloudCaller;
  readonly #service: Pick<Service, 'signingName' | 'protocol'>;
  readonly #arrival: Arrival;
  #asked = false;
  #record: CallRecord | undefined;

  constructor(
    requestId: string,
    caller: CloudCaller,
    service: Pick<Service, 'signingName' | 'protocol'>,
    arrival: Arrival,
  ) {
    this.requestId = requestId;
    this.caller = caller;
    this.#service = service;
    this.#arrival = arrival;
  }

  get time(): Date {
    return this.#arrival.time;
  }

  /** Whether the service asked the policies: an answer of one that did not is not sent. */
  get asked(): boolean {
    return this.#asked;
  }

  /** What the service told the access log; the last word counts. */
  get details(): CallRecord | undefined {
    return this.#record;
  }

  authorize(access: Access): void {
    this.#asked = true;
    const { route } = this.#arrival;
    const endpoint = route?.kind === 'endpoint' ? route.policy : undefined;
    // What the service says comes last: STS knows of a second factor that the session does not have yet.
    this.#decide(
      {
        ...access,
        context: { ...conditionContext(this.caller, this.#arrival), ...access.context },
      },
      endpoint === undefined ? [] : [endpoint],
    );
  }

  authorizeVia(service: string, access: Access): void {
    this.#decide(
      {
        ...access,
        context: { ...viaContext(this.caller, this.#arrival, service), ...access.context },
      },
      [],
    );
  }

  needsNoPermission(): void {
    this.#asked = true;
  }

  record(details: CallRecord): void {
    this.#record = details;
  }

  #decide(
    access: Access & { readonly context: NonNullable<Access['context']> },
    endpointPolicies: NonNullable<Parameters<typeof decide>[1]['endpointPolicies']>,
  ): void {
    const decision = decide(this.caller, { ...access, endpointPolicies });
    if (decision.allowed) return;
    throw accessDenied(this.#service.signingName, this.#service.protocol, decision.because);
  }
}
