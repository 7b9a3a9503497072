import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { Aedes } from 'aedes';
import { makeAuthority, type TestAuthority } from './certificates.ts';
import { deviceIds } from './plan.ts';

/** A publish as it came, and what the broker knows of who sent it. */
export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly clientId: string;
  /** Common name of the certificate that the client showed. */
  readonly certificate: string;
}

/** A broker that asks for certificates and keeps all that comes, and folders of devices that it knows. */
export interface TestBroker {
  readonly endpoint: string;
  readonly authority: TestAuthority;
  /** Holds a folder for each device. */
  readonly folder: string;
  readonly caPath: string;
  readonly received: Received[];
  /** How often each client connected. */
  readonly connections: Map<string, number>;
  /** Clients that said goodbye, and did not just hang up. */
  readonly goodbyes: Set<string>;
  /** Looked at before each publish is acknowledged. */
  onPublish: (received: Received) => void;
  /** Refuses clients by their id. */
  refused: Set<string>;
  /** Takes messages, and says nothing. */
  isSilent: boolean;
  /** Cuts every connection. */
  cutAll: () => void;
  writeDevice: (name: string, file: object) => Promise<void>;
  stop: () => Promise<void>;
}

export async function startBroker(): Promise<TestBroker> {
  const authority = await makeAuthority();
  const server = createServer({
    ...(await authority.issue('127.0.0.1')),
    ca: authority.pem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sockets = new Set<Socket>();
  const certificates = new WeakMap<object, string>();
  const aedes = await Aedes.createBroker();
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const client = aedes.handle(socket);
    certificates.set(client, String(socket.getPeerCertificate().subject.CN));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'czar-test-'));
  const caPath = join(folder, 'ca.pem');
  writeFileSync(caPath, authority.pem);
  const broker: TestBroker = {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority,
    folder: join(folder, 'devices'),
    caPath,
    received: [],
    connections: new Map(),
    goodbyes: new Set(),
    onPublish: () => undefined,
    refused: new Set(),
    isSilent: false,
    cutAll: () => sockets.forEach((socket) => socket.destroy()),
    async writeDevice(name, file) {
      const path = join(broker.folder, name);
      mkdirSync(path, { recursive: true });
      const { key, cert } = await authority.issue(name);
      writeFileSync(join(path, 'key.pem'), key);
      writeFileSync(join(path, 'cert.pem'), cert);
      writeFileSync(join(path, 'device.json'), JSON.stringify(file));
    },
    async stop() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      broker.cutAll();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
  aedes.preConnect = (_client, packet, done) => {
    const { clientId } = packet;
    broker.connections.set(clientId, (broker.connections.get(clientId) ?? 0) + 1);
    done(null, true);
  };
  aedes.authenticate = (client, _user, _password, done) =>
    done(null, !broker.refused.has(client.id));
  aedes.authorizePublish = (client, packet, done) => {
    if (client !== null) {
      const received: Received = {
        topic: packet.topic,
        payload: packet.payload.toString('latin1'),
        qos: packet.qos,
        clientId: client.id,
        certificate: certificates.get(client) ?? '',
      };
      broker.received.push(received);
      broker.onPublish(received);
    }
    if (!broker.isSilent) done(null);
  };
  aedes.on('clientDisconnect', (client) => {
    if ((client as { _disconnected?: boolean })._disconnected === true)
      broker.goodbyes.add(client.id);
  });
  for (const device of deviceIds) {
    await broker.writeDevice(device, {
      study: 'czarhipaa',
      device,
      endpoint: broker.endpoint,
      everySeconds: 300,
    });
  }
  return broker;
}
