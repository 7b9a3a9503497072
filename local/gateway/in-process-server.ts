import { request, type IncomingHttpHeaders, type Server } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { duplexPair } from 'node:stream';

/** A call of a server in this process. */
export interface InProcessRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface InProcessAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Calls an HTTP server of this process over a pair of streams.
 *
 * The libraries behind some services are whole servers that believe every caller. Without a port of
 * their own, nobody gets to them but through the gateway.
 */
export function requestInProcess(server: Server, call: InProcessRequest): Promise<InProcessAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        method: call.method,
        path: call.path,
        headers: { ...call.headers, host: '127.0.0.1' },
        createConnection: () => {
          const [clientSide, serverSide] = duplexPair();
          server.emit('connection', serverSide);
          return clientSide;
        },
      },
      (incoming) => {
        buffer(incoming).then(
          (body) =>
            resolve({ status: incoming.statusCode ?? 500, headers: incoming.headers, body }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}
