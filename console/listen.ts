import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { UserError } from '../client/exit-codes.ts';
import { createConsole } from './console.ts';
import type { Sleep } from './live/shared-poll.ts';
import { mintKeys } from './security/admission.ts';
import type { ConsoleSources } from './sources.ts';

/** A console that listens. */
export interface ListeningConsole {
  /** With the token: whoever has it may look. */
  readonly address: string;
  close(): Promise<void>;
}

/** Only this machine reaches it. */
const hostname = '127.0.0.1';

/** AWS counts its calls, and a person's eye is slower than a laptop. */
const paces = {
  embedded: { leastMs: 500, mostMs: 5_000 },
  aws: { leastMs: 2_000, mostMs: 20_000 },
} as const;

const sleep: Sleep = (ms, signal) =>
  wait(ms, undefined, { signal }).then(
    () => undefined,
    () => undefined,
  );

/**
 * Starts a console on a port of this machine; 0 takes any.
 *
 * @throws UserError where the port is taken.
 */
export async function listen({
  sources,
  port,
}: {
  sources: ConsoleSources;
  port: number;
}): Promise<ListeningConsole> {
  // Its own address, which it checks, is known once it listens.
  const apps: Hono[] = [];
  const server = createAdaptorServer({
    hostname,
    fetch: (request) => apps[0]?.fetch(request) ?? new Response(null, { status: 503 }),
  }) as Server;
  server.listen(port, hostname);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new UserError('unavailable', 'the port cannot be used: choose another with --port', {
      cause: error,
    });
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the server has no port');
  const origin = `http://${hostname}:${bound.port}`;
  const keys = mintKeys();
  const pace = sources.embedded === undefined ? paces.aws : paces.embedded;
  apps.push(createConsole({ sources, keys, origin, sleep, now: () => new Date(), pace }));
  return {
    address: `${origin}/?token=${keys.token}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
