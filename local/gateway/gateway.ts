import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ApiResponse, InstanceNetwork, Service } from '../api.ts';
import type { Clock } from '../clock.ts';
import type { AccessLog } from './access-log.ts';
import type { FindSession } from './authenticate.ts';
import { Callbacks } from './callbacks.ts';
import { Exchange, UnreachableError, type ExchangeSurroundings } from './exchange.ts';
import { readBody } from './payload.ts';
import { SigningKeys } from './signing-key.ts';

/** What the gateway needs of the cloud it guards. */
export interface GatewayOptions {
  /** @default 0, any free port */
  readonly port?: number;
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  /** What the dates of signatures are held against: the clock of whoever signs. @default `clock` */
  readonly signatureClock?: Clock;
  readonly sessions: FindSession;
  readonly accessLog: AccessLog;
  /** Told of every error that is no answer of AWS's: a defect of the embedded cloud. */
  readonly reportDefect: (error: unknown, where: string) => void;
}

/** The one door of the embedded cloud. */
export interface Gateway {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly callbacks: Callbacks;
  /** Opens the door to a service. */
  serve(service: Service): void;
  /** Lets calls of instances pass the endpoints of their network; before, none has a way out. */
  connect(network: InstanceNetwork): void;
  stop(): Promise<void>;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ApiResponse,
): Promise<void> {
  const isHead = request.method === 'HEAD';
  if (body instanceof Readable) {
    response.writeHead(status, headers);
    if (!isHead) return pipeline(body, response);
    body.destroy();
    response.end();
    return;
  }
  const length = body === undefined || isHead ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...length, ...headers });
  response.end(isHead ? undefined : body);
}

async function takeCallback(
  callbacks: Callbacks,
  request: IncomingMessage,
  path: string,
): Promise<ApiResponse> {
  if (request.method !== 'PUT') return { status: 405 };
  const body = await readBody(request);
  return { status: callbacks.deliver(path, body.toString('utf8')) ? 200 : 403 };
}

/** Answers one request, whatever becomes of it. */
async function answer(
  surroundings: ExchangeSurroundings,
  callbacks: Callbacks,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?')[0] ?? '/';
  try {
    const exchange = new Exchange(surroundings, request);
    // By this the SDKs correct the date that they sign.
    const { clock, signatureClock = clock } = surroundings;
    response.setHeader('date', signatureClock.now().toUTCString());
    await send(
      request,
      response,
      callbacks.covers(path) ? await takeCallback(callbacks, request, path) : await exchange.run(),
    );
    // What a refused upload still sends is read away, so that its client gets to read the answer.
    request.resume();
  } catch (error) {
    // A client that went away in the middle is no defect; nobody is left to be answered.
    if (!(error instanceof UnreachableError) && !request.socket.destroyed)
      surroundings.reportDefect(error, 'gateway');
    response.destroy();
  }
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const { port: actual } = server.address() as AddressInfo;
      resolve(`http://127.0.0.1:${actual}`);
    });
  });
}

/**
 * Starts the HTTP server that every call of the embedded cloud comes through.
 *
 * It listens on the loopback interface only: verifies each signature, holds the call against the policies, writes it
 * to the access log and hands it to the service named in the signature's scope.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const services = new Map<string, Service>();
  let network: InstanceNetwork | undefined;
  const surroundings: ExchangeSurroundings = {
    ...options,
    keys: new SigningKeys(),
    service: (signingName) => services.get(signingName),
    routeTo: (instance, signingName) => network?.routeTo(instance, signingName),
  };
  const callbacks = new Callbacks(() => endpoint);
  const server = createServer((request, response) => {
    void answer(surroundings, callbacks, request, response);
  });
  // Uploads take as long as they take, and clients keep connections for the next call.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 75_000;
  const endpoint = await listen(server, options.port ?? 0);
  return {
    endpoint,
    callbacks,
    serve: (service) => {
      services.set(service.signingName, service);
    },
    connect: (connected) => {
      network = connected;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
