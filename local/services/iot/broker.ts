import { mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { createCertificateAuthority, type CertificateAuthority } from './certificate-authority.ts';
import type { SessionSurroundings } from './device-session.ts';
import { DeviceProtocol } from './device-protocol.ts';
import type { IotFailure } from './iot-log.ts';
import type { Certificate, Registry } from './registry.ts';

/** The MQTT side of AWS IoT: a server on the loopback interface that devices connect to. */
export interface Broker {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** File with the certificate of the authority that signed the server's. */
  readonly authorityPath: string;
  /** Signs the certificates of devices. */
  readonly devices: CertificateAuthority;
  /** Ends every connection that was opened with a certificate. */
  disconnect(certificateId: string): void;
  stop(): Promise<void>;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      const { port } = server.address() as AddressInfo;
      resolve(`127.0.0.1:${port}`);
    });
  });
}

/** The certificate that a client showed, if it may open a connection; else why not. */
function admitted(socket: TLSSocket, registry: Registry): Certificate | IotFailure {
  const refuse = (reason: string, principalId?: string): IotFailure => ({
    eventType: 'Connect',
    reason,
    ...(principalId === undefined ? {} : { principalId }),
  });
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return refuse('no certificate');
  const id = shown.fingerprint256.replaceAll(':', '').toLowerCase();
  if (!socket.authorized) return refuse('the certificate is not of the authority of devices', id);
  const certificate = registry.findCertificate(id);
  if (certificate?.state === 'ACTIVE') return certificate;
  return refuse(`the certificate is ${certificate?.state ?? 'not registered'}`, id);
}

/**
 * Starts the broker: aedes behind TLS, open to certificates of its own authority that are ACTIVE.
 *
 * A client that may not connect is sent away right after its handshake, not in it: only then is there
 * a certificate to name in the log.
 */
export async function startBroker(shared: SessionSurroundings): Promise<Broker> {
  const { registry, logFailure, surroundings } = shared;
  const [authority, devices] = await Promise.all([
    createCertificateAuthority('embedded cloud IoT endpoint'),
    createCertificateAuthority('embedded cloud IoT devices'),
  ]);
  const { key, certificate: cert } = await authority.issueServer();
  const folder = join(surroundings.directory, 'iot');
  const authorityPath = join(folder, 'ca.pem');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(authorityPath, authority.pem, { mode: 0o600 });

  const admittedSockets = new Map<Duplex, Certificate>();
  const protocol = new DeviceProtocol(shared, (connection) => admittedSockets.get(connection));
  await protocol.aedes.listen();

  const admit = (socket: TLSSocket): void => {
    const certificate = admitted(socket, registry);
    if ('reason' in certificate) {
      logFailure(certificate);
      socket.on('error', () => undefined).destroy();
      return;
    }
    admittedSockets.set(socket, certificate);
    socket.on('close', () => admittedSockets.delete(socket));
    socket.setNoDelay(true);
    protocol.aedes.handle(socket);
  };
  const server = createServer(
    {
      key,
      cert,
      ca: devices.pem,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    },
    admit,
  );
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    const reason = `the TLS handshake failed: ${error.code ?? error.name}`;
    logFailure({ eventType: 'Connect', reason });
  });
  const allSockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    allSockets.add(socket);
    socket.on('close', () => allSockets.delete(socket));
  });
  const address = await listen(server);
  return {
    address,
    authorityPath,
    devices,
    disconnect: (certificateId) => {
      for (const [socket, { id }] of admittedSockets) {
        if (id === certificateId) socket.destroy();
      }
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => protocol.aedes.close(resolve));
      // Those, too, that are in the middle of their handshake.
      for (const socket of allSockets) socket.destroy();
      await closed;
    },
  };
}
