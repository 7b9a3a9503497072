import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { KMSClient } from '@aws-sdk/client-kms';
import { createEncryptor, type Encryptor } from '../../envelope/encryptor.ts';
import { mintCode, objectIdLength } from '../../workflow/model/code.ts';
import type { SensorObjectHeader, SensorRecord } from '../model/sensor-object.ts';
import type { CommittedObject } from './commit-record.ts';
import type { Destination, SensorBatches } from './sensor-batches.ts';
import type { Verdict } from './sort-out.ts';

/** An object as it is stored. */
export interface EncryptedObject {
  readonly committed: CommittedObject;
  readonly ciphertext: Buffer;
}

/** Data keys that are held at once, one for each batch. */
const mostEncryptors = 64;

/** Makes objects of records, each batch's under one data key. */
export class ObjectBuilder {
  readonly #deps: { readonly kms: KMSClient; readonly keyArn: string; readonly study: string };
  readonly #encryptors = new Map<string, Encryptor>();

  constructor(deps: { readonly kms: KMSClient; readonly keyArn: string; readonly study: string }) {
    this.#deps = deps;
  }

  /** Groups the records of new messages by their day, and those set aside apart: an object for each group. */
  async build(verdicts: readonly Verdict[], batches: SensorBatches): Promise<EncryptedObject[]> {
    const groups = new Map<string, { day: string; to: Destination; records: SensorRecord[] }>();
    for (const verdict of verdicts) {
      if (verdict.kind !== 'new') continue;
      const { day } = verdict.incoming;
      for (const record of verdict.records) {
        const to = record.aside === undefined ? 'DAY' : 'ASIDE';
        const group = groups.get(`${day}#${to}`) ?? { day, to, records: [] };
        groups.set(`${day}#${to}`, group);
        group.records.push(record);
      }
    }
    const objects: EncryptedObject[] = [];
    for (const { day, to, records } of groups.values()) {
      const { part, number, batchId } = await batches.openFor(day, to);
      const header: SensorObjectHeader = {
        version: 1,
        kind: 'sensor-object',
        study: this.#deps.study,
        day,
        records: records.length,
      };
      const lines = [header, ...records].map((line) => `${JSON.stringify(line)}\n`);
      const plaintext = Buffer.from(lines.join(''));
      const ciphertext = await this.encrypt(batchId, plaintext);
      objects.push({
        ciphertext,
        committed: {
          day,
          part,
          number,
          batchId,
          objectId: objectIdOf(plaintext),
          records: records.length,
          sizeBytes: plaintext.length,
          sha256: sha256(plaintext),
          ciphertextBytes: ciphertext.length,
          ciphertextSha256: sha256(ciphertext),
        },
      });
    }
    return objects;
  }

  /** Encrypts bytes as an input of a batch. */
  encrypt(batchId: string, plaintext: Buffer): Promise<Buffer> {
    const { encrypt } = this.#encryptorOf(batchId);
    return buffer(encrypt(plaintext.length)(Readable.from([plaintext])));
  }

  #encryptorOf(batchId: string): Encryptor {
    const { kms, keyArn, study } = this.#deps;
    const encryptor =
      this.#encryptors.get(batchId) ??
      createEncryptor({ kms, keyArn, place: { study, batchId }, kind: 'input' });
    if (this.#encryptors.size >= mostEncryptors) this.#encryptors.clear();
    this.#encryptors.set(batchId, encryptor);
    return encryptor;
  }
}

/**
 * The id of an object: a code of the digest of its plaintext, so that the same records are the same
 * object. It tells nothing, because each message has a boot id, of 34 random bits.
 */
function objectIdOf(plaintext: Buffer): string {
  let bytes = createHash('sha256').update(plaintext).digest();
  let at = 0;
  return mintCode(objectIdLength, () => {
    if (at === bytes.length) {
      bytes = createHash('sha256').update(bytes).digest();
      at = 0;
    }
    return bytes.readUInt8(at++);
  });
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
