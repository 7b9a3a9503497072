import { describe, expect, it } from 'vitest';
import {
  ListingEntry,
  ManifestEntry,
  ManifestHeader,
  ObjectMessage,
} from '../../../workflow/model/manifest.ts';

const sha256 = 'a'.repeat(64);
const header = { version: 1, study: 'czarhipaa', batchId: 'bcdfghjkw', objects: 2 };
const listed = { objectId: 'pgjtpcggkqndjphcbhqhr', sizeBytes: 1, sha256 };
const entry = {
  objectId: 'pgjtpcggkqndjphcbhqhr',
  name: 'visits-01.csv',
  mediaType: 'text/csv',
  sizeBytes: 1,
  sha256,
  ciphertextBytes: 500,
  ciphertextSha256: sha256,
};

describe('a manifest', () => {
  it('has a header and entries of exactly the agreed form', () => {
    expect(ManifestHeader.parse(header)).toEqual(header);
    expect(ManifestEntry.parse(entry)).toEqual(entry);
  });

  it.each([
    ['another version', { ...header, version: 2 }],
    ['a field more', { ...header, ticket: 'ABC-123' }],
    ['a batch that was not minted', { ...header, batchId: 'visits-01' }],
    ['a number of objects that is none', { ...header, objects: 1.5 }],
  ])('with %s in its header is refused', (_what, changed) => {
    expect(ManifestHeader.safeParse(changed).success).toBe(false);
  });

  it.each([
    ['no name', { ...entry, name: '' }],
    ['a digest in capitals', { ...entry, sha256: 'A'.repeat(64) }],
    ['a short digest', { ...entry, ciphertextSha256: 'a'.repeat(63) }],
    ['a type that is none', { ...entry, mediaType: 'csv' }],
    ['a negative size', { ...entry, sizeBytes: -1 }],
    ['a field more', { ...entry, patient: 'x' }],
  ])('with %s in an entry is refused', (_what, changed) => {
    expect(ManifestEntry.safeParse(changed).success).toBe(false);
  });

  it('takes the longest name that a file system has', () => {
    expect(ManifestEntry.safeParse({ ...entry, name: 'ü'.repeat(255) }).success).toBe(true);
  });
});

describe('a listing', () => {
  it('cannot hold what only the manifest may: a name or a plaintext digest', () => {
    expect(ListingEntry.parse(listed)).toEqual(listed);
    expect(ListingEntry.safeParse({ ...listed, name: 'visits-01.csv' }).success).toBe(false);
    expect(ListingEntry.safeParse(entry).success).toBe(false);
  });
});

describe('a message of the queue', () => {
  it('holds two ids and nothing else', () => {
    const message = { version: 1, batchId: header.batchId, objectId: entry.objectId };

    expect(ObjectMessage.parse(message)).toEqual(message);
    expect(ObjectMessage.safeParse({ ...message, name: 'x' }).success).toBe(false);
  });
});
