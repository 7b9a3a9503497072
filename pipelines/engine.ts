import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { RunDirectories } from './run-protocol.ts';

/**
 * Where tables are kept. `memory`: there, in 128 MB, beyond which it spills to the scratch volume.
 * `scratch`: in a file on that volume, and in 256 MB, for tables that may be far larger than memory; rows
 * are then in no order but that of a query.
 */
export type EngineStorage = 'memory' | 'scratch';

/**
 * Runs work on a DuckDB that is as small and as closed as the task allows.
 *
 * One thread, because the worker already runs one object per core. It sees the run's directories only,
 * loads no extension, and cannot change these settings: SQL that reaches out fails, network or not. It
 * leaves nothing in the temporary directory.
 */
export async function withEngine(
  run: RunDirectories,
  work: (connection: DuckDBConnection) => Promise<void>,
  storage: EngineStorage = 'memory',
): Promise<void> {
  const file = join(run.temporary, 'engine.db');
  const instance = await DuckDBInstance.create(storage === 'memory' ? ':memory:' : file, {
    threads: '1',
    memory_limit: storage === 'memory' ? '128MB' : '256MB',
    preserve_insertion_order: storage === 'memory' ? 'true' : 'false',
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
    for (const left of [file, `${file}.wal`]) await rm(left, { force: true });
  }
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
