import { connect, type MqttClient } from 'mqtt';
import type { RegisteredDevice } from './device-folders.ts';
import { FleetError } from './fleet-error.ts';

/** How a device holds its connection. */
export interface ConnectionOptions {
  /** Certificates in PEM that an endpoint's must go back to; without it, those that Node knows. */
  readonly ca?: Buffer;
  /** Most messages that the endpoint has not acknowledged yet. */
  readonly inFlight: number;
  /** An endpoint that answers nothing for so long is given up. */
  readonly patienceMs: number;
  /** Told of a lost connection, and how many messages were under way: MQTT sends them again. */
  readonly onLost: (underWay: number) => void;
}

const untrusted =
  /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS_CERT_ALTNAME)|^ERR_SSL_.*UNKNOWN_CA/;

/**
 * A device's own connection to the broker: MQTT 3.1.1 over TLS with its certificate, its id as the
 * client's, QoS 1. A lost connection is made anew, and what was not acknowledged is sent again.
 */
export class DeviceConnection {
  readonly #client: MqttClient;
  readonly #options: ConnectionOptions;
  readonly #watch: NodeJS.Timeout;
  #underWay = 0;
  #isConnected = false;
  #wasConnected = false;
  /** Connected, and older messages were sent again. */
  #isReady = false;
  #isClosing = false;
  #progressAt = performance.now();
  #failure: FleetError | undefined;
  #changed = Promise.withResolvers<undefined>();

  /**
   * Connects a device.
   *
   * @throws FleetError where the endpoint does not answer, is not trusted, or refuses the device.
   */
  static async open(
    device: RegisteredDevice,
    options: ConnectionOptions,
  ): Promise<DeviceConnection> {
    const connection = new DeviceConnection(device, options);
    await connection.#until(() => connection.#isReady);
    return connection;
  }

  private constructor(
    { device, endpoint, key, cert }: RegisteredDevice,
    options: ConnectionOptions,
  ) {
    const [host = '', port = '8883'] = endpoint.split(':');
    this.#options = options;
    this.#client = connect({
      protocol: 'mqtts',
      host,
      port: Number(port),
      clientId: device,
      key,
      cert,
      ...(options.ca && { ca: options.ca }),
      protocolVersion: 4,
      clean: true,
      keepalive: 30,
      connectTimeout: 10_000,
      reconnectPeriod: 200,
    });
    this.#client.on('packetreceive', ({ cmd }) => {
      if (cmd === 'connack') this.#isConnected = this.#wasConnected = true;
      this.#progress();
    });
    this.#client.on('connect', () => {
      this.#isReady = true;
      this.#change();
    });
    this.#client.on('error', (error: Error & { code?: unknown }) => this.#onError(error));
    this.#client.on('close', () => this.#onClose());
    this.#watch = setInterval(() => this.#lookAtWatch(), 500);
  }

  /** Waits until a message more may be under way. */
  async room(): Promise<void> {
    await this.#until(() => this.#isReady && this.#underWay < this.#options.inFlight);
  }

  /** Sends a message; it is under way until the endpoint has acknowledged it. */
  publish(topic: string, payload: Buffer): void {
    if (this.#underWay === 0) this.#progressAt = performance.now();
    this.#underWay += 1;
    this.#send(topic, payload);
  }

  #send(topic: string, payload: Buffer): void {
    this.#client.publish(topic, payload, { qos: 1 }, (error) => {
      if (error instanceof Error) {
        // The client gives up what it was handed while it sent older messages again and was cut off.
        if (!this.#isClosing) this.#send(topic, payload);
        return;
      }
      this.#underWay -= 1;
      this.#progress();
    });
  }

  /** Waits until every message was acknowledged. */
  async idle(): Promise<void> {
    await this.#until(() => this.#underWay === 0);
  }

  /** Loses the connection as a device in a lift does, with nothing under way, and comes back. */
  async cut(): Promise<void> {
    await this.idle();
    const closed = new Promise<void>((resolve) => this.#client.once('close', resolve));
    this.#client.stream.destroy();
    await closed;
    await this.#until(() => this.#isReady);
  }

  /** Says goodbye to the endpoint; after a failure, it just hangs up. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#isClosing = true;
    await this.#client.endAsync(this.#failure !== undefined || this.#underWay > 0);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.#failure === undefined && !isSo()) await this.#changed.promise;
    if (this.#failure === undefined) return;
    await this.close();
    throw this.#failure;
  }

  #progress(): void {
    this.#progressAt = performance.now();
    this.#change();
  }

  #change(): void {
    this.#changed.resolve(undefined);
    this.#changed = Promise.withResolvers();
  }

  #fail(failure: FleetError): void {
    this.#failure ??= failure;
    this.#change();
  }

  #onError(error: Error & { code?: unknown }): void {
    const { code } = error;
    const because = { cause: error };
    if (typeof code === 'number') {
      this.#fail(new FleetError('REFUSED', `the endpoint refuses a device (${code})`, because));
    } else if (typeof code === 'string' && untrusted.test(code)) {
      this.#fail(
        new FleetError('UNTRUSTED', `the endpoint's certificate is not trusted (${code})`, because),
      );
    } else if (!this.#wasConnected) {
      const reason = typeof code === 'string' ? ` (${code})` : '';
      const isRefusal = typeof code === 'string' && code.startsWith('ERR_SSL');
      this.#fail(
        isRefusal
          ? new FleetError('REFUSED', `the endpoint refuses a device${reason}`, because)
          : new FleetError('UNREACHABLE', `the endpoint cannot be reached${reason}`, because),
      );
    }
  }

  #onClose(): void {
    if (!this.#wasConnected) {
      this.#fail(
        new FleetError('REFUSED', 'the endpoint hung up: is the certificate of a device active?'),
      );
    }
    if (this.#isConnected) {
      this.#progressAt = performance.now();
      if (this.#underWay > 0) this.#options.onLost(this.#underWay);
    }
    this.#isConnected = this.#isReady = false;
  }

  #lookAtWatch(): void {
    const waitedMs = performance.now() - this.#progressAt;
    const isIdle = this.#underWay === 0 && this.#isReady;
    if (isIdle || waitedMs < this.#options.patienceMs) return;
    this.#fail(
      new FleetError(
        'UNREACHABLE',
        `the endpoint has not answered for ${Math.round(waitedMs / 1_000)} s`,
      ),
    );
  }
}
