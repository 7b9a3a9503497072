/** A call on its way: decides what becomes of it. */
export type OnCall = (
  name: string,
  input: unknown,
  next: () => Promise<unknown>,
) => Promise<unknown>;

interface Sender {
  send(command: object, options?: object): Promise<unknown>;
}

/** Stands between clients and services: counts calls, makes them fail, or cuts the wire. */
export class Wire {
  readonly calls: string[] = [];
  onCall: OnCall = (_name, _input, next) => next();

  /** A client whose calls pass this wire. */
  through<Client extends object>(client: Client): Client {
    const sender = client as unknown as Sender;
    const send = (command: { input: unknown }, options?: object): Promise<unknown> => {
      const name = command.constructor.name.replace(/Command$/, '');
      this.calls.push(name);
      return this.onCall(name, command.input, () => sender.send(command, options));
    };
    return { send } as unknown as Client;
  }
}

/** A cut of a wire, and when it has happened. */
export interface Cut {
  readonly onCall: OnCall;
  readonly happened: Promise<void>;
  /** Fails all calls that hang, so that what is left of the worker in this process goes away. */
  bury(): void;
}

/**
 * Lets calls pass up to the `nth` of a name, and then none ever again: to everybody outside it is
 * as if the worker's machine had lost its power, before that call or after it.
 */
export function cutAt(name: string, when: 'before' | 'after', nth = 1): Cut {
  let seen = 0;
  let isCut = false;
  const { promise: never, reject } = Promise.withResolvers<never>();
  never.catch(() => undefined);
  const { promise: happened, resolve } = Promise.withResolvers<undefined>();
  const onCall: OnCall = async (called, _input, next) => {
    if (isCut) return never;
    if (called !== name || (seen += 1) !== nth) return next();
    isCut = true;
    if (when === 'after') await next();
    resolve(undefined);
    return never;
  };
  return { onCall, happened, bury: () => reject(new Error('The wire is cut.')) };
}
