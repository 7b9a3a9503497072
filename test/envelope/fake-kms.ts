import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  InvalidCiphertextException,
  type KMSClient,
} from '@aws-sdk/client-kms';

export const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/5e0b8a6c-0000-4000-8000-00000000abcd';
export const place = { study: 'czarhipaa', batchId: 'bcdfghjkw' } as const;

type Context = Record<string, string>;

/** A KMS in memory: real AES-GCM with the encryption context as additional data. */
export class FakeKms {
  readonly calls: { name: string; context: Context; grantTokens: string[] | undefined }[] = [];
  /** Thrown instead of the next answers. */
  failure: Error | undefined;
  readonly #master = createHash('sha256').update('master').digest();

  /** The part of a client that the envelope uses. */
  readonly client = {
    send: async (command: unknown) => {
      await Promise.resolve();
      if (command instanceof GenerateDataKeyCommand) return this.#generate(command.input);
      if (command instanceof DecryptCommand) return this.#decrypt(command.input);
      throw new Error('not a command that the envelope may send');
    },
  } as unknown as KMSClient;

  #note(name: string, input: { EncryptionContext?: Context; GrantTokens?: string[] }): void {
    this.calls.push({
      name,
      context: input.EncryptionContext ?? {},
      grantTokens: input.GrantTokens,
    });
    if (this.failure !== undefined) throw this.failure;
  }

  #generate(input: GenerateDataKeyCommand['input']) {
    this.#note('GenerateDataKey', input);
    const plaintext = randomBytes(input.NumberOfBytes ?? 32);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#master, iv);
    cipher.setAAD(contextBytes(input.EncryptionContext));
    const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return {
      KeyId: input.KeyId,
      Plaintext: plaintext,
      CiphertextBlob: Buffer.concat([iv, cipher.getAuthTag(), body]),
    };
  }

  #decrypt(input: DecryptCommand['input']) {
    this.#note('Decrypt', input);
    const blob = Buffer.from(input.CiphertextBlob ?? []);
    const decipher = createDecipheriv('aes-256-gcm', this.#master, blob.subarray(0, 12));
    decipher.setAAD(contextBytes(input.EncryptionContext));
    decipher.setAuthTag(blob.subarray(12, 28));
    try {
      const plaintext = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]);
      return { KeyId: input.KeyId, Plaintext: plaintext };
    } catch {
      throw new InvalidCiphertextException({ message: 'invalid', $metadata: {} });
    }
  }
}

function contextBytes(context: Context = {}): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort()));
}
