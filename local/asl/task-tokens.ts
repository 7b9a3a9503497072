import type { Failure } from './failure.ts';
import { exceedsPayloadLimit, parseJson, type Json } from './json.ts';

/** The text is no task token at all. */
export class InvalidTokenError extends Error {
  override readonly name = 'InvalidToken';

  constructor() {
    super("Invalid Token: 'Invalid token'");
  }
}

/** The text looks like a task token, but none like it was handed out. */
export class TaskDoesNotExistError extends Error {
  override readonly name = 'TaskDoesNotExist';

  constructor() {
    super("Task Does Not Exist: 'Provided task does not exist'");
  }
}

/** The task behind the token is over: answered, timed out, cut or stopped. */
export class TaskTimedOutError extends Error {
  override readonly name = 'TaskTimedOut';

  constructor() {
    super("Task Timed Out: 'Provided task does not exist anymore'");
  }
}

/** The output of a task is no JSON, or more than 256 KiB of it. */
export class InvalidOutputError extends Error {
  override readonly name = 'InvalidOutput';

  constructor() {
    super("Invalid Output: 'Provided output is not valid JSON of at most 262144 bytes'");
  }
}

/** A token that is out: what the waiting Task sees of it. */
export interface Ticket {
  readonly token: string;
  /** Rejects with TaskFailedError when the answer is a failure. */
  readonly answer: Promise<Json>;
  lastHeartbeat(): Date;
  /** The task waits no more; a later answer is TaskTimedOut. */
  close(): void;
}

/** The Task behind a token: what becomes of the answers to it. */
export interface TokenHolder {
  readonly succeed: (output: Json) => void;
  readonly fail: (failure: Pick<Failure, 'error' | 'cause'>) => void;
  readonly beat: () => void;
}

const TOKEN = /^AQB[A-Za-z0-9_-]{125}$/;

/** Of tasks that are over, this many are told apart from tasks that never were. */
const REMEMBERED_TASKS = 10_000;

/**
 * The task tokens of all executions of one embedded Step Functions, and the three calls that use them.
 *
 * The calls throw errors whose `name` is AWS's error code.
 */
export class TaskTokens {
  readonly #open = new Map<string, TokenHolder>();
  readonly #over = new Set<string>();

  /** Takes answers to a token from now on, until the function it returns is called. */
  open(token: string, holder: TokenHolder): () => void {
    this.#open.set(token, holder);
    return () => {
      // After a restart the same token has another holder, who is not to be closed by the one before.
      if (this.#open.get(token) === holder) this.#close(token);
    };
  }

  /** @throws InvalidTokenError, TaskDoesNotExistError, TaskTimedOutError, InvalidOutputError. */
  sendTaskSuccess(token: string, output: string): void {
    const task = this.#find(token);
    const value = parseOutput(output);
    this.#close(token);
    task.succeed(value);
  }

  /** @throws InvalidTokenError, TaskDoesNotExistError, TaskTimedOutError. */
  sendTaskFailure(token: string, failure: Pick<Failure, 'error' | 'cause'>): void {
    const task = this.#find(token);
    this.#close(token);
    task.fail(failure);
  }

  /** @throws InvalidTokenError, TaskDoesNotExistError, TaskTimedOutError. */
  sendTaskHeartbeat(token: string): void {
    this.#find(token).beat();
  }

  #find(token: string): TokenHolder {
    const task = this.#open.get(token);
    if (task) return task;
    if (!TOKEN.test(token)) throw new InvalidTokenError();
    throw this.#over.has(token) ? new TaskTimedOutError() : new TaskDoesNotExistError();
  }

  #close(token: string): void {
    if (!this.#open.delete(token)) return;
    this.#over.add(token);
    const [oldest] = this.#over;
    if (oldest !== undefined && this.#over.size > REMEMBERED_TASKS) this.#over.delete(oldest);
  }
}

function parseOutput(output: string): Json {
  if (exceedsPayloadLimit(output)) throw new InvalidOutputError();
  try {
    return parseJson(output);
  } catch {
    throw new InvalidOutputError();
  }
}
