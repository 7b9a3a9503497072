/**
 * Where the embedded cloud's services write log lines: CloudWatch Logs.
 *
 * A group or stream that does not exist yet is made by the first line, as Lambda does.
 */
export interface LogSink {
  append(logGroupName: string, logStreamName: string, message: string, time: Date): void;
}
