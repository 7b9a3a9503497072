import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { RunDirectories } from './run-protocol.ts';

/**
 * Runs work on a DuckDB that is as small and as closed as the task allows.
 *
 * One thread, because the worker already runs one object per core; 128 MB, beyond which it spills
 * to the scratch volume. It sees the run's directories only, loads no extension, and cannot change
 * these settings: SQL that reaches out fails, network or not.
 */
export async function withEngine(
  run: RunDirectories,
  work: (connection: DuckDBConnection) => Promise<void>,
): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: '128MB',
    temp_directory: join(run.temporary, 'engine'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
  try {
    const connection = await instance.connect();
    try {
      const directories = [run.input, run.output, run.temporary].map(literal).join(', ');
      await connection.run(`SET allowed_directories = [${directories}]`);
      await connection.run('SET enable_external_access = false');
      await connection.run('SET lock_configuration = true');
      await work(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
