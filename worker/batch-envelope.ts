import { createDecryptor, type Decryptor } from '../envelope/decryptor.ts';
import { createEncryptor, type Encryptor } from '../envelope/encryptor.ts';
import type { BatchPlace } from '../workflow/model/keys.ts';
import type { WorkerCommand } from '../workflow/model/worker-command.ts';
import type { WorkerDeps } from './worker-deps.ts';

/** What a worker en- and decrypts in one run: one data key of its own, one per batch to read with. */
export interface BatchEnvelope {
  readonly inputs: Decryptor;
  readonly results: Decryptor;
  readonly encryptor: Encryptor;
}

/** Names a command's batch. */
export function placeOf(
  { settings }: Pick<WorkerDeps, 'settings'>,
  { batchId }: WorkerCommand,
): BatchPlace {
  return { study: settings.study, batchId };
}

/** Opens the envelope with the worker's grant. KMS is asked when the first bytes flow. */
export function openEnvelope(
  { kms, settings }: Pick<WorkerDeps, 'kms' | 'settings'>,
  command: Extract<WorkerCommand, { grantToken: string }>,
): BatchEnvelope {
  const key = {
    kms,
    keyArn: settings.dataKeyArn,
    place: placeOf({ settings }, command),
    grantTokens: [command.grantToken],
  };
  return {
    inputs: createDecryptor({ ...key, kind: 'input' }),
    results: createDecryptor({ ...key, kind: 'result' }),
    encryptor: createEncryptor({ ...key, kind: 'result' }),
  };
}
