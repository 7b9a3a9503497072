import type { Blob } from './blob-store.ts';
import type { Checksum } from './checksum.ts';
import type { ObjectEncryption } from './object-encryption.ts';

/** Until when a version cannot be deleted. */
export interface Retention {
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  readonly until: Date;
}

/** One version of an object: its bytes and everything said about them. */
export interface StoredObject {
  readonly kind: 'object';
  readonly key: string;
  /** `null`, as text, in a bucket that never had versions. */
  readonly versionId: string;
  readonly lastModified: Date;
  readonly blob: Blob;
  /** Without quotes. MD5 of the bytes, or of the parts' MD5s with `-` and their number. */
  readonly etag: string;
  /** `content-type` and its kind, by lower-case header. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata by lower-case name without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
  readonly encryption: ObjectEncryption;
  retention?: Retention;
  legalHold: boolean;
}

/** What a deletion leaves as the newest version in a bucket with versions. */
export interface DeleteMarker {
  readonly kind: 'delete-marker';
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: Date;
}

export type Version = StoredObject | DeleteMarker;

/** What is put: the version's id and time are the bucket's to give. */
export type NewObject = Omit<StoredObject, 'kind' | 'key' | 'versionId' | 'lastModified'>;
