import type { Duplex } from 'node:stream';
import { Aedes, type AuthenticateError, type Client, type ConnectPacket } from 'aedes';
import { DeviceSession, type ConnectRefusal, type SessionSurroundings } from './device-session.ts';
import type { Certificate } from './registry.ts';

class RefusedConnectError extends Error implements AuthenticateError {
  override readonly name = 'RefusedConnectError';
  readonly returnCode: AuthenticateError['returnCode'];

  constructor({ reason, code }: ConnectRefusal) {
    super(reason);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- the enum is declared only, and does not exist when this runs
    this.returnCode = code;
  }
}

/** What MQTT calls the version that AWS calls 3.1.1, and the one that it calls 5. */
const version311 = 4;
const version5 = 5;

/**
 * Aedes, with a {@link DeviceSession} for each client that is asked before anything is done.
 *
 * Aedes answers the protocol only. Whether a device may do what it asks is decided here, packet by
 * packet, because no library knows AWS IoT's policies, quotas and rules.
 */
export class DeviceProtocol {
  readonly aedes: Aedes;
  readonly #shared: SessionSurroundings;
  readonly #certificateOf: (connection: Duplex) => Certificate | undefined;
  readonly #connects = new WeakMap<Client, ConnectPacket>();
  readonly #byClient = new WeakMap<Client, DeviceSession>();

  /** @param certificateOf the certificate by which a connection was opened */
  constructor(
    shared: SessionSurroundings,
    certificateOf: (connection: Duplex) => Certificate | undefined,
  ) {
    this.#shared = shared;
    this.#certificateOf = certificateOf;
    this.aedes = new Aedes({
      preConnect: (client, packet, done) => this.#preConnect(client, packet, done),
      authenticate: (client, _user, _password, done) => this.#authenticate(client, done),
      authorizePublish: (client, packet, done) => {
        const session = client === null ? undefined : this.#byClient.get(client);
        if (session === undefined) {
          done(new Error('nobody published this'));
          return;
        }
        session
          .publish(packet)
          .then(
            (refusal) => done(refusal === undefined ? null : new Error('the publish was refused')),
            done,
          );
      },
      authorizeSubscribe: (client, subscription, done) => {
        const isRefused = this.#byClient.get(client)?.subscribeRefusal(subscription) !== undefined;
        done(null, isRefused ? null : subscription);
      },
      authorizeForward: (client, packet) =>
        this.#byClient.get(client)?.mayReceive(packet.topic) === true ? packet : null,
    });
  }

  /** Aedes itself answers version 5, with MQTT's code for a version it does not speak. */
  #preConnect(
    client: Client,
    packet: ConnectPacket,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    const { protocolVersion = version311, clientId } = packet;
    if (protocolVersion !== version311)
      this.#shared.logFailure({
        eventType: 'Connect',
        clientId,
        reason: `MQTT's protocol level ${protocolVersion} is not supported`,
      });
    this.#connects.set(client, packet);
    const goesOn = protocolVersion === version311 || protocolVersion === version5;
    done(goesOn ? null : new Error('the protocol is not supported'), goesOn);
  }

  #authenticate(
    client: Client,
    done: (error: AuthenticateError | null, success: boolean | null) => void,
  ): void {
    const certificate = this.#certificateOf(client.conn);
    const packet = this.#connects.get(client);
    if (certificate === undefined || packet === undefined) {
      done(new RefusedConnectError({ reason: 'no certificate', code: 5 }), false);
      return;
    }
    const session = new DeviceSession(this.#shared, certificate, packet);
    const refusal = session.connectRefusal();
    if (refusal !== undefined) {
      done(new RefusedConnectError(refusal), false);
      return;
    }
    this.#byClient.set(client, session);
    done(null, true);
  }
}
