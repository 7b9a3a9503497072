/** Every message that the poller can log. A constant text: what differs goes into fields. */
type LogMessage =
  | 'command started'
  | 'command done'
  | 'command failed'
  | 'command abandoned'
  | 'command unreadable'
  | 'task could not be told'
  | 'heartbeat failed'
  | 'poller told to stop'
  | 'lease not renewed'
  | 'lease not released'
  | 'commit taken over'
  | 'chunk taken over'
  | 'spool lost'
  | 'chunk stored'
  | 'messages not deleted'
  | 'batch sealed';

/** The only fields that a line can have: ids, codes and counts. */
type LogFields = Partial<
  Readonly<
    Record<'batchId' | 'chunk' | 'code' | 'day' | 'ended' | 'reason', string> &
      Record<'count' | 'duplicates' | 'messages' | 'objects' | 'rejected', number>
  >
>;

export type Log = (message: LogMessage, fields?: LogFields) => void;
