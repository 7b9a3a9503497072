import { format } from 'node:util';

const levels = {
  trace: 'TRACE',
  debug: 'DEBUG',
  log: 'INFO',
  info: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
} as const;

/**
 * Makes `console` write as it does in Lambda: a line with time, request id and level, or JSON.
 *
 * A message of several lines stays one line of the log; as in Lambda, `\r` takes the place of `\n`.
 */
export function formatConsole(
  logFormat: 'Text' | 'JSON',
  requestId: () => string | undefined,
): void {
  for (const [method, level] of Object.entries(levels)) {
    const write = (...parts: unknown[]): void => {
      const timestamp = new Date().toISOString();
      const message = format(...parts);
      const line =
        logFormat === 'JSON'
          ? JSON.stringify({ timestamp, level, requestId: requestId(), message })
          : `${timestamp}\t${requestId() ?? 'undefined'}\t${level}\t${message.replaceAll('\n', '\r')}`;
      process.stdout.write(`${line}\n`);
    };
    Object.assign(console, { [method]: write });
  }
}
