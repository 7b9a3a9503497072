import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createEncryptor, type Encryptor } from '../../../envelope/encryptor.ts';
import type { EnvelopeKey } from '../../../envelope/envelope-key.ts';
import { frameBytes, messageFormat } from '../../../envelope/message-format.ts';
import { mintCode, objectIdLength } from '../../../workflow/model/code.ts';
import { inputKey, listingKey, manifestKey } from '../../../workflow/model/keys.ts';
import type { ListingEntry, ManifestEntry } from '../../../workflow/model/manifest.ts';
import { generatePocA } from '../../../synthetic/poc-a.ts';
import { FakeKms } from '../../envelope/fake-kms.ts';
import { newBatchId } from './run-batch.ts';
import type { RoleDeployment, StudyCloud } from './study-cloud.ts';

const [visitsHeader = '', ...visits] = generatePocA().timeseries;

/** Rows of the visits of the study "100 Johns", without their header. */
export const visitRows = (from: number, to: number): readonly string[] => visits.slice(from, to);

/** Rows of visits as the text of an object. */
export const visitsText = (rows: readonly string[]): string => [visitsHeader, ...rows].join('');

/** An object to upload: what it says, and what is wrong with it. */
export interface CraftedObject {
  readonly text: string;
  /** Nothing is wrong with it where this is left out. */
  readonly fault?: Fault;
  /** Name in the manifest. */
  readonly name?: string;
}

/** How a batch differs from what `czar upload` sends, its objects apart. */
export interface CraftOptions {
  /** Changes the lines of the listing, header first; undefined sends none. */
  readonly editListing?: (lines: readonly string[]) => readonly string[] | undefined;
  /** Leaves the batch unsealed. */
  readonly unsealed?: boolean;
}

/** A batch as it was uploaded; its objects in the order they were given. */
export interface CraftedBatch {
  readonly batchId: string;
  readonly objects: readonly (CraftedObject & {
    readonly objectId: string;
    /** What lies in the bucket, if anything does. */
    readonly stored: Buffer | undefined;
  })[];
}

/** What is sent of an object. */
interface Prepared {
  readonly stored: Buffer | undefined;
  /** What listing and manifest tell the digest of, where that is not what is stored. */
  readonly told?: Buffer;
  readonly mediaType?: string;
  readonly isListed?: boolean;
  readonly isInManifest?: boolean;
}

type Seal = (text: string) => Promise<Buffer>;

interface Bench {
  /** Encrypts as `czar upload` does. */
  readonly seal: Seal;
  /** Encrypts under a key of the study's KMS for another batch. */
  readonly sealForOtherBatch: Seal;
  /** These encrypt under a key that no KMS made: for another study, and for this very batch. */
  readonly forgeForOtherStudy: Seal;
  readonly forge: Seal;
}

const finalFrameBytes = 4 + 4 + messageFormat.ivBytes + 4 + messageFormat.tagBytes;

/**
 * What can be wrong with one object. Where nothing else is said, the digests of listing and manifest
 * are those of what is stored: they do not give the fault away.
 */
const faults = {
  'flipped byte': async ({ seal }, text) => {
    const message = await seal(text);
    const inLastFrame = message.length - messageFormat.tagBytes - 1;
    message.writeUInt8(message.readUInt8(inLastFrame) ^ 1, inLastFrame);
    return { stored: message };
  },
  /** A whole message of this batch, but not the one that the manifest tells of. */
  'other message': async ({ seal }, text) => ({ stored: await seal(text), told: await seal(text) }),
  /** Every frame that is there authenticates; the text must be longer than one frame. */
  'last frame missing': async ({ seal }, text) => {
    const message = await seal(text);
    const inLastFrame = Buffer.byteLength(text) % frameBytes;
    return { stored: message.subarray(0, message.length - inLastFrame - finalFrameBytes) };
  },
  'other batch': async ({ sealForOtherBatch }, text) => ({ stored: await sealForOtherBatch(text) }),
  'other study': async ({ forgeForOtherStudy }, text) => ({
    stored: await forgeForOtherStudy(text),
  }),
  'forged data key': async ({ forge }, text) => ({ stored: await forge(text) }),
  'not encrypted': (_, text) => ({ stored: gzipSync(text) }),
  'not stored': async ({ seal }, text) => ({ stored: undefined, told: await seal(text) }),
  'neither listed nor in the manifest': async ({ seal }, text) => ({
    stored: await seal(text),
    isListed: false,
    isInManifest: false,
  }),
  'not in the manifest': async ({ seal }, text) => ({
    stored: await seal(text),
    isInManifest: false,
  }),
  'not listed': async ({ seal }, text) => ({ stored: await seal(text), isListed: false }),
  'other type': async ({ seal }, text) => ({
    stored: await seal(text),
    mediaType: 'application/pdf',
  }),
} satisfies Record<string, (bench: Bench, text: string) => Prepared | Promise<Prepared>>;

type Fault = keyof typeof faults;

/**
 * Uploads a batch object by object as the uploader, faults and all, and seals it.
 *
 * It does by hand what `czar upload` does, because that one makes no such mistakes.
 */
export async function craftBatch(
  { as }: StudyCloud,
  objects: readonly CraftedObject[],
  { editListing = (lines) => lines, unsealed = false }: CraftOptions = {},
): Promise<CraftedBatch> {
  const uploader = as('uploader');
  const { study, inputBucket, ancillaryBucket } = uploader.settings;
  const place = { study, batchId: newBatchId() };
  const bench = setUp(uploader, place.batchId);
  const crafted = await Promise.all(objects.map((object) => craft(bench, object)));
  const put = (Bucket: string, Key: string, Body: Buffer) =>
    uploader.s3.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));

  await Promise.all(
    crafted.map(async ({ objectId, stored }) => {
      if (stored !== undefined) await put(inputBucket, inputKey(place, objectId), stored);
    }),
  );
  const listing = editListing(
    lines(
      place,
      crafted.flatMap(({ listed }) => listed ?? []),
    ),
  );
  if (listing !== undefined) {
    await put(ancillaryBucket, listingKey(place), Buffer.from(listing.join('')));
  }
  if (!unsealed) {
    const manifest = lines(
      place,
      crafted.flatMap(({ entry }) => entry ?? []),
    );
    await put(inputBucket, manifestKey(place), await bench.seal(manifest.join('')));
  }
  return { batchId: place.batchId, objects: crafted };
}

function setUp({ kms, settings }: RoleDeployment, batchId: string): Bench {
  const { study, dataKeyArn: keyArn } = settings;
  const sealer = (key: Pick<EnvelopeKey, 'kms' | 'place'>): Seal => {
    const encryptor = createEncryptor({ ...key, keyArn, kind: 'input' });
    return (text) => encrypted(encryptor, text);
  };
  const fakeKms = new FakeKms().client;
  return {
    seal: sealer({ kms, place: { study, batchId } }),
    sealForOtherBatch: sealer({ kms, place: { study, batchId: newBatchId() } }),
    forgeForOtherStudy: sealer({ kms: fakeKms, place: { study: 'otherstudy', batchId } }),
    forge: sealer({ kms: fakeKms, place: { study, batchId } }),
  };
}

async function encrypted({ encrypt }: Encryptor, text: string): Promise<Buffer> {
  const plaintext = Buffer.from(text);
  return Buffer.concat(
    await Array.fromAsync(encrypt(plaintext.length)(Readable.from([plaintext]))),
  );
}

async function craft(bench: Bench, object: CraftedObject) {
  const { text, fault, name = 'visits.csv' } = object;
  const prepared: Prepared =
    fault === undefined ? { stored: await bench.seal(text) } : await faults[fault](bench, text);
  const { stored, told = stored, mediaType = 'text/csv', isListed = true } = prepared;
  const objectId = mintCode(objectIdLength, () => randomBytes(1).readUInt8());
  const ciphertext = digestOf(told ?? Buffer.alloc(0));
  const plaintext = digestOf(Buffer.from(text));
  const listed: ListingEntry = { objectId, ...ciphertext };
  const entry: ManifestEntry = {
    objectId,
    name,
    mediaType,
    ...plaintext,
    ciphertextBytes: ciphertext.sizeBytes,
    ciphertextSha256: ciphertext.sha256,
  };
  return {
    ...object,
    objectId,
    stored,
    listed: isListed ? listed : undefined,
    entry: prepared.isInManifest === false ? undefined : entry,
  };
}

function digestOf(bytes: Buffer): { sizeBytes: number; sha256: string } {
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function lines(
  { study, batchId }: { study: string; batchId: string },
  entries: readonly { readonly objectId: string }[],
): string[] {
  const header = { version: 1, study, batchId, objects: entries.length };
  const sorted = entries.toSorted((a, b) => (a.objectId < b.objectId ? -1 : 1));
  return [header, ...sorted].map((line) => `${JSON.stringify(line)}\n`);
}
