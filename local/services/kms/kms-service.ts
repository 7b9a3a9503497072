import type { Readable } from 'node:stream';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type Service,
  type Surroundings,
} from '../../api.ts';
import { cryptographicOperations } from './cryptographic-operations.ts';
import { GrantTokens } from './grant-list.ts';
import { grantListings } from './grant-listing.ts';
import { grantOperations } from './grant-operations.ts';
import { keyOperations } from './key-operations.ts';
import { keyResourceHandlers } from './key-resources.ts';
import { KeyStore } from './key-store.ts';
import type { Operation, Prepared } from './operation.ts';
import { signingOperations } from './signing-operations.ts';
import { createStorageKeys, type ContextualStorageKeys } from './storage-keys.ts';

const TARGET_PREFIX = 'TrentService.';
const MAX_BODY_BYTES = 64 * 1024;

async function readJson(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  if (size > MAX_BODY_BYTES) {
    throw new ApiError('ValidationException', `the request has more than ${MAX_BODY_BYTES} bytes`);
  }
  try {
    return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError('SerializationException', 'the request is not JSON');
  }
}

/** Logs a call once, with its outcome, whether or not it is allowed. */
function runPrepared(name: string, prepared: Prepared, call: Call): ApiResponse {
  let responseElements: Readonly<Record<string, unknown>> | undefined;
  try {
    for (const access of prepared.access) call.authorize(access);
    const answer = prepared.run();
    responseElements = answer.responseElements;
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: answer.body ? JSON.stringify(answer.body) : '',
    };
  } finally {
    call.record({ eventName: name, ...prepared.record, responseElements });
  }
}

function prepare(
  operations: ReadonlyMap<string, Operation>,
  name: string,
  input: unknown,
  call: Call,
): Prepared {
  const operation = operations.get(name);
  try {
    if (operation) return operation(name, input, call);
  } catch (error) {
    call.record({ eventName: name, readOnly: false });
    throw error;
  }
  throw new ApiError(
    'UnsupportedOperation',
    `KMS ${name}: this operation is not supported by the embedded cloud`,
    501,
  );
}

/**
 * The stand-in for AWS KMS: symmetric keys, real AES-256-GCM, encryption contexts and grants; and
 * key pairs of P-384 that sign.
 *
 * Key material is random, lives in this process's memory and ends with it: what was encrypted by an
 * earlier embedded cloud cannot be decrypted by a later one. Keys are made by templates only.
 * Other than AWS's, grants count and stop counting at once, and keys are not rotated.
 */
export function createKmsService(surroundings: Surroundings): Service & ContextualStorageKeys {
  const store = new KeyStore(surroundings);
  const tokens = new GrantTokens();
  const operations = new Map(
    Object.entries({
      ...cryptographicOperations(store, tokens),
      ...signingOperations(store, tokens),
      ...grantOperations(surroundings, store, tokens),
      ...grantListings(surroundings, store),
      ...keyOperations(surroundings, store),
    }),
  );

  return {
    signingName: 'kms',
    protocol: 'json',
    resources: keyResourceHandlers(surroundings, store),
    ...createStorageKeys(store),

    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const target = String(request.headers['x-amz-target'] ?? '');
      const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target;
      const input = await readJson(request.body);
      return runPrepared(name, prepare(operations, name, input, call), call);
    },

    stop() {
      store.clear();
      return Promise.resolve();
    },
  };
}
