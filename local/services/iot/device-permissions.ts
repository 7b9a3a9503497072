import type { CloudCaller, Surroundings } from '../../api.ts';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import type { Certificate, Registry } from './registry.ts';

/** What a device asks the policies of its certificate. */
export interface DeviceRequest {
  readonly action: 'Connect' | 'Publish' | 'Subscribe' | 'Receive';
  /** As in `topic/a/b`. */
  readonly resource: string;
}

/** More topics than one device uses; beyond, decisions are forgotten and made again. */
const mostDecisions = 1_000;

/**
 * What one connection may do, by the policies of its certificate. Nothing else allows anything.
 *
 * Each question is decided and written to the access log once, and again when something in the
 * registry has changed: a device asks the same with each of its messages.
 */
export class DevicePermissions {
  readonly #surroundings: Surroundings;
  readonly #registry: Registry;
  readonly #certificate: Certificate;
  readonly #clientId: string;
  readonly #decisions = new Map<string, string | undefined>();
  #revision = -1;

  constructor(
    surroundings: Surroundings,
    registry: Registry,
    certificate: Certificate,
    clientId: string,
  ) {
    this.#surroundings = surroundings;
    this.#registry = registry;
    this.#certificate = certificate;
    this.#clientId = clientId;
  }

  /** Why the policies do not allow it; undefined when they do. */
  refusal({ action, resource }: DeviceRequest): string | undefined {
    if (this.#revision !== this.#registry.revision || this.#decisions.size >= mostDecisions) {
      this.#decisions.clear();
      this.#revision = this.#registry.revision;
    }
    const question = `${action} ${resource}`;
    if (this.#decisions.has(question)) return this.#decisions.get(question);
    const reason = this.#decide(action, resource);
    this.#decisions.set(question, reason);
    return reason;
  }

  #decide(action: DeviceRequest['action'], resource: string): string | undefined {
    if (this.#certificate.state !== 'ACTIVE')
      return `the certificate is ${this.#certificate.state}`;
    const { accountId } = this.#surroundings;
    const caller: CloudCaller = {
      type: 'Certificate',
      accountId,
      principalArn: this.#certificate.arn,
      identityPolicies: this.#registry.policiesOf(this.#certificate),
    };
    const arn = this.#registry.arn(resource);
    const thing = this.#registry.thingOf(this.#certificate, this.#clientId);
    const isRead = action === 'Subscribe' || action === 'Receive';
    try {
      this.#surroundings.callAs(
        caller,
        'iot.amazonaws.com',
        {
          eventName: action,
          readOnly: isRead,
          dataEvent: true,
          requestParameters: { clientId: this.#clientId, resource },
          resources: [{ ARN: arn, type: 'AWS::IoT::Topic' }],
        },
        {
          action: `iot:${action}`,
          resource: arn,
          context: {
            'iot:ClientId': this.#clientId,
            'iot:Connection.Thing.IsAttached': thing !== undefined,
            'iot:Connection.Thing.ThingName': thing?.name,
          },
        },
      );
      return undefined;
    } catch (error) {
      if (isAccessDenied(error) && error instanceof Error) return error.message;
      throw error;
    }
  }
}
