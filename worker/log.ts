/** Every message that the worker can log. A constant text: what differs goes into fields. */
export type LogMessage =
  | 'command started'
  | 'command done'
  | 'command failed'
  | 'command abandoned'
  | 'command unreadable'
  | 'task could not be told'
  | 'heartbeat failed'
  | 'worker told to stop'
  | 'message refused'
  | 'message lost'
  | 'object failed'
  | 'object tried in vain'
  | 'object left alone'
  | 'scratch full'
  | 'result stored before'
  | 'leftovers wiped';

/** The only fields that a line can have: ids, codes and counts. */
export type LogFields = Partial<
  Readonly<
    Record<
      'command' | 'batchId' | 'objectId' | 'instanceId' | 'code' | 'reason' | 'pipelineReason',
      string
    > &
      Record<'receiveCount' | 'done' | 'failed' | 'count', number>
  >
>;

export type Log = (message: LogMessage, fields?: LogFields) => void;

/** Ids and codes as this system and AWS spell them; nothing that a sentence or a path would pass. */
const harmless = /^[A-Za-z0-9_-]{1,80}$/;

/**
 * Makes a log of JSON lines. SSM keeps what the worker prints, so nothing of the data may pass.
 *
 * A text that does not look like an id or a code is withheld, whoever wrote it into a field.
 */
export function createLog(write: (line: string) => void, now: () => Date): Log {
  return (message, fields = {}) => {
    const line: Record<string, string | number> = { time: now().toISOString(), message };
    for (const [name, value] of Object.entries(fields)) {
      line[name] = typeof value === 'number' || harmless.test(value) ? value : 'withheld';
    }
    write(`${JSON.stringify(line)}\n`);
  };
}
