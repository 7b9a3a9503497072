import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { BadDataError } from '../run-protocol.ts';
import { literal } from '../engine.ts';

const LONGEST_HEADER = 4096;

/**
 * Reads the column names of a CSV file from its first line.
 *
 * The engine itself does not compare a header with declared columns, it skips it. No column name
 * of this pipeline holds a comma or a quote, so a plain split recognises every header that can match.
 *
 * @throws BadDataError NO_ROWS for an empty file, BAD_ENCODING, or BAD_HEADER where no line ends
 *   within 4 KiB
 */
export async function readHeader(path: string): Promise<string[]> {
  const start = await readStart(path);
  if (start.length === 0) throw new BadDataError('NO_ROWS');
  const end = start.indexOf('\n');
  if (end === -1 && start.length === LONGEST_HEADER) throw new BadDataError('BAD_HEADER');
  const line = start.subarray(0, end === -1 ? start.length : end);
  return decode(line)
    .replace(/\r$/, '')
    .split(',')
    .map((name) => name.replace(/^"(.*)"$/, '$1'));
}

/** The engine's call that reads a CSV file with these columns and types, and no others. */
export function readCsv(path: string, columns: Record<string, string>): string {
  const typed = Object.entries(columns).map(([name, type]) => `${literal(name)}: ${literal(type)}`);
  return `read_csv(${literal(path)}, auto_detect = false, header = true, delim = ',', quote = '"',
    escape = '"', strict_mode = true, null_padding = false, ignore_errors = false,
    buffer_size = 4194304, columns = {${typed.join(', ')}})`;
}

/**
 * Runs SQL that reads a CSV file, and tells bad data from everything else.
 *
 * Only errors of the CSV reader itself are bad data; a full disk or a lack of memory stays what it is.
 * Why the reader stopped is found by a second look, so that a good file is read once.
 *
 * @throws BadDataError BAD_ENCODING or BAD_ROW
 */
export async function runOnCsv(
  connection: DuckDBConnection,
  sql: string,
  path: string,
): Promise<void> {
  try {
    await connection.run(sql);
  } catch (error) {
    if (!isCsvError(error)) throw error;
    throw new BadDataError((await isUtf8File(path)) ? 'BAD_ROW' : 'BAD_ENCODING');
  }
}

/**
 * Refuses a loaded table that is empty or has rows marked `lacks_value` or `has_bad_value`.
 *
 * @throws BadDataError NO_ROWS, MISSING_VALUE or BAD_VALUE
 */
export async function refuseBadRows(connection: DuckDBConnection, table: string): Promise<void> {
  const result = await connection.runAndReadAll(
    `SELECT count(*) > 0, bool_or(lacks_value), bool_or(has_bad_value) FROM ${table}`,
  );
  const [hasRows, lacksValue, hasBadValue] = result.getRows()[0] ?? [];
  if (hasRows !== true) throw new BadDataError('NO_ROWS');
  if (lacksValue !== false) throw new BadDataError('MISSING_VALUE');
  if (hasBadValue !== false) throw new BadDataError('BAD_VALUE');
}

function isCsvError(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Invalid Input|Conversion) Error: (CSV Error|The CSV Parser)/.test(error.message)
  );
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEADER), 0, LONGEST_HEADER);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new BadDataError('BAD_ENCODING');
  }
}

async function isUtf8File(path: string): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const chunks: AsyncIterable<Buffer> = createReadStream(path);
  try {
    for await (const chunk of chunks) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
