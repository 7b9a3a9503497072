import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Answer, Request } from './fake-aws.ts';
import { clientSettings } from './study.ts';

type Input = Record<string, unknown>;

/** Thrown as an error of the service. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status = 400) {
    super('John Doe may not see this');
    this.code = code;
    this.status = status;
  }
}

/** KMS, DynamoDB, SSM and Step Functions, as far as `czar` calls them. */
export class FakeJsonServices {
  readonly calls: { readonly operation: string; readonly input: Input }[] = [];
  /** Items of the ledger. */
  readonly items: Input[] = [];
  /** Answers of Step Functions, and of anything that a test wants to answer itself. */
  readonly answers: Record<string, (input: Input) => unknown> = {};
  readonly #master = createHash('sha256').update('master').digest();

  async handle(target: string, { body }: Request): Promise<Answer> {
    const operation = target.split('.')[1] ?? '';
    const input = JSON.parse(body.toString()) as Input;
    this.calls.push({ operation, input });
    try {
      const answer = await this.run(operation, input);
      return answer === 'drop' ? 'drop' : json(200, answer);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return json(error.status, { __type: error.code, message: error.message });
    }
  }

  run(operation: string, input: Input): unknown {
    const own = this.answers[operation];
    if (own !== undefined) return own(input);
    switch (operation) {
      case 'GetParameter':
        if (input.Name !== '/czarhipaa/client') throw new ServiceError('ParameterNotFound');
        return { Parameter: { Name: input.Name, Value: JSON.stringify(clientSettings) } };
      case 'GenerateDataKey':
        return this.#generateDataKey(input);
      case 'Decrypt':
        return this.#decrypt(input);
      case 'GetItem': {
        const { batchId, item } = input.Key as Record<string, { S: string }>;
        const found = this.items.find((one) => one.batchId === batchId?.S && one.item === item?.S);
        return found === undefined ? {} : { Item: marshall(found) };
      }
      case 'Query': {
        const values = input.ExpressionAttributeValues as Record<string, { S: string }>;
        const prefix = values[':prefix']?.S;
        const found = this.items.filter(({ batchId, item, kind }) =>
          prefix === undefined
            ? kind === 'BATCH'
            : batchId === values[':partition']?.S && String(item).startsWith(prefix),
        );
        return { Items: found.map((one) => marshall(one)) };
      }
      default:
        throw new ServiceError('AccessDeniedException');
    }
  }

  #generateDataKey({ KeyId, EncryptionContext }: Input): unknown {
    const plaintext = randomBytes(32);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#master, iv).setAAD(
      canonical(EncryptionContext),
    );
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const blob = Buffer.concat([iv, cipher.getAuthTag(), body]);
    return {
      KeyId,
      Plaintext: plaintext.toString('base64'),
      CiphertextBlob: blob.toString('base64'),
    };
  }

  #decrypt({ KeyId, CiphertextBlob, EncryptionContext }: Input): unknown {
    const blob = Buffer.from(String(CiphertextBlob), 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.#master, blob.subarray(0, 12))
      .setAAD(canonical(EncryptionContext))
      .setAuthTag(blob.subarray(12, 28));
    try {
      const plaintext = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]);
      return { KeyId, Plaintext: plaintext.toString('base64') };
    } catch {
      throw new ServiceError('InvalidCiphertextException');
    }
  }
}

function json(status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'request-1' },
    body: JSON.stringify(body),
  };
}

function canonical(context: unknown): Buffer {
  return Buffer.from(JSON.stringify(Object.entries((context ?? {}) as Input).sort()));
}
