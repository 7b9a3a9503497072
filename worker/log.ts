/** Every message that the worker can log. A constant text: what differs goes into fields. */
type LogMessage =
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
type LogFields = Partial<
  Readonly<
    Record<
      'command' | 'batchId' | 'objectId' | 'instanceId' | 'code' | 'reason' | 'pipelineReason',
      string
    > &
      Record<'receiveCount' | 'done' | 'failed' | 'count', number>
  >
>;

export type Log = (message: LogMessage, fields?: LogFields) => void;
