import type { ConnectPacket, PublishPacket, Subscription } from 'aedes';
import type { Surroundings } from '../../api.ts';
import { DevicePermissions } from './device-permissions.ts';
import type { LogFailure } from './iot-log.ts';
import type { Certificate, Registry } from './registry.ts';
import type { RuleEngine } from './rule-engine.ts';
import { filterProblem, topicProblem } from './topic-filter.ts';

/** What the sessions of a broker share. */
export interface SessionSurroundings {
  readonly surroundings: Surroundings;
  readonly registry: Registry;
  readonly rules: RuleEngine;
  readonly logFailure: LogFailure;
}

/** Codes of MQTT 3.1.1's CONNACK. */
const identifierRejected = 2;
const serverUnavailable = 3;
const notAuthorized = 5;

/** AWS's quotas. */
const longestClientIdBytes = 128;
const longestPayloadBytes = 128 * 1024;

/** Why a CONNECT is refused, and the code that says so. */
export interface ConnectRefusal {
  readonly code: 2 | 3 | 5;
  readonly reason: string;
}

/** What a device does over one connection, held against what AWS IoT and its policies allow. */
export class DeviceSession {
  readonly #shared: SessionSurroundings;
  readonly #certificate: Certificate;
  readonly #packet: ConnectPacket;
  readonly #permissions: DevicePermissions;

  constructor(shared: SessionSurroundings, certificate: Certificate, packet: ConnectPacket) {
    this.#shared = shared;
    this.#certificate = certificate;
    this.#packet = packet;
    this.#permissions = new DevicePermissions(
      shared.surroundings,
      shared.registry,
      certificate,
      packet.clientId,
    );
  }

  /** Why the device may not connect; undefined when it may. */
  connectRefusal(): ConnectRefusal | undefined {
    const refusal = this.#connectRefusal();
    if (refusal !== undefined) this.#log('Connect', refusal.reason);
    return refusal;
  }

  /**
   * Takes a message: resolves with the reason why it is refused, or with nothing once the rules have
   * handed it on. The device gets its PUBACK only then.
   *
   * AWS answers as soon as its broker has the message, which then is safe with the rules engine. What
   * this one has is in memory only, so that a PUBACK at once could stand for a message that is lost.
   */
  async publish({ topic, payload, qos, retain }: PublishPacket): Promise<string | undefined> {
    const refusal = this.#publishRefusal(topic, payload, qos, retain);
    if (refusal !== undefined) {
      this.#log('Publish-In', refusal, topic);
      return refusal;
    }
    const { rules, surroundings } = this.#shared;
    const matching = rules.rulesFor(topic);
    if (matching.length === 0) return undefined;
    await rules.take(matching, {
      topic,
      payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload),
      clientId: this.#packet.clientId,
      principal: this.#certificate.id,
      receivedAt: surroundings.clock.now(),
    });
    return undefined;
  }

  /** Why a subscription is refused; undefined when it is granted. */
  subscribeRefusal({ topic, qos }: Subscription): string | undefined {
    const refusal =
      filterProblem(topic) ??
      (qos === 2 ? 'QoS 2 is not supported' : undefined) ??
      this.#permissions.refusal({ action: 'Subscribe', resource: `topicfilter/${topic}` });
    if (refusal !== undefined) this.#log('Subscribe', refusal, topic);
    return refusal;
  }

  /** Whether a message of a topic may go out to the device. */
  mayReceive(topic: string): boolean {
    const refusal = this.#permissions.refusal({ action: 'Receive', resource: `topic/${topic}` });
    if (refusal !== undefined) this.#log('Publish-Out', refusal, topic);
    return refusal === undefined;
  }

  #connectRefusal(): ConnectRefusal | undefined {
    const { clientId, clean, will } = this.#packet;
    const idBytes = Buffer.byteLength(clientId);
    if (idBytes === 0 || idBytes > longestClientIdBytes)
      return {
        code: identifierRejected,
        reason: `a client id has 1 to ${longestClientIdBytes} bytes`,
      };
    if (clean !== true)
      return { code: serverUnavailable, reason: 'persistent sessions are not supported' };
    if (will !== undefined)
      return { code: serverUnavailable, reason: 'last will messages are not supported' };
    const reason = this.#permissions.refusal({ action: 'Connect', resource: `client/${clientId}` });
    return reason === undefined ? undefined : { code: notAuthorized, reason };
  }

  #publishRefusal(
    topic: string,
    payload: Buffer | string,
    qos: number,
    retain: boolean,
  ): string | undefined {
    const fault = topicProblem(topic);
    if (fault !== undefined) return fault;
    if (qos === 2) return 'QoS 2 is not supported';
    if (retain) return 'retained messages are not supported';
    if (Buffer.byteLength(payload) > longestPayloadBytes)
      return `a payload has ${longestPayloadBytes} bytes at most`;
    return this.#permissions.refusal({ action: 'Publish', resource: `topic/${topic}` });
  }

  #log(eventType: Parameters<LogFailure>[0]['eventType'], reason: string, topic?: string): void {
    this.#shared.logFailure({
      eventType,
      reason,
      clientId: this.#packet.clientId,
      principalId: this.#certificate.id,
      ...(topic === undefined ? {} : { topicName: topic }),
    });
  }
}
