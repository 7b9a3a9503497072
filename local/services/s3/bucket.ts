import { randomBytes } from 'node:crypto';
import type { PolicyDocument } from '../../policy/document.ts';
import type { BucketSettings } from './bucket-properties.ts';
import { compareKeys } from './key-order.ts';
import type { DeleteMarker, NewObject, StoredObject, Version } from './stored-object.ts';

/** Notices a deletion of one key while a conditional write of it is under way. */
export interface KeyWatch {
  readonly disturbed: boolean;
  end(): void;
}

/** A bucket: what its template says, and its objects by key and version. Every change is one synchronous step. */
export class Bucket {
  readonly name: string;
  readonly arn: string;
  readonly settings: BucketSettings;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  /** The bucket policy, parsed for the evaluator and as the template wrote it. */
  policy?: { readonly document: PolicyDocument; readonly text: string };
  /** Versions of each key, the newest last. A key without versions is not in the map. */
  readonly #versions = new Map<string, Version[]>();
  readonly #watches = new Map<string, Set<{ disturbed: boolean }>>();
  #sortedKeys: string[] | undefined;

  constructor(
    name: string,
    arn: string,
    settings: BucketSettings,
    tags: Readonly<Record<string, string>>,
    createdAt: Date,
  ) {
    this.name = name;
    this.arn = arn;
    this.settings = settings;
    this.tags = tags;
    this.createdAt = createdAt;
  }

  objectArn(key: string): string {
    return `${this.arn}/${key}`;
  }

  /** The newest version of a key, be it a delete marker. */
  latest(key: string): Version | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  /** The object that a GET without a version gets. */
  current(key: string): StoredObject | undefined {
    const latest = this.latest(key);
    return latest?.kind === 'object' ? latest : undefined;
  }

  version(key: string, versionId: string): Version | undefined {
    return this.#versions.get(key)?.find((version) => version.versionId === versionId);
  }

  /** All versions of a key, the newest first. */
  versions(key: string): readonly Version[] {
    return (this.#versions.get(key) ?? []).toReversed();
  }

  /** All keys, those of deleted objects among them, as S3 sorts them. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#versions.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  /** Makes an object the newest version; answers it and the version it took the place of, if any. */
  put(
    key: string,
    object: NewObject,
    lastModified: Date,
  ): { readonly stored: StoredObject; readonly replaced?: Version } {
    const stored: StoredObject = {
      ...object,
      kind: 'object',
      key,
      versionId: this.#newVersionId(),
      lastModified,
    };
    return { stored, replaced: this.#push(stored) };
  }

  /**
   * Deletes the newest version as S3 does without a version id: in a bucket with versions a delete
   * marker hides it, in one without the object goes.
   */
  delete(
    key: string,
    lastModified: Date,
  ): { readonly marker?: DeleteMarker; readonly removed?: Version } {
    this.#disturb(key);
    if (this.settings.versioning === undefined) {
      return { removed: this.#remove(key, 'null') };
    }
    const marker: DeleteMarker = {
      kind: 'delete-marker',
      key,
      versionId: this.#newVersionId(),
      lastModified,
    };
    return { marker, removed: this.#push(marker) };
  }

  /** Deletes one version for good; answers it, or undefined when there is no such version. */
  deleteVersion(key: string, versionId: string): Version | undefined {
    this.#disturb(key);
    return this.#remove(key, versionId);
  }

  /** Begins to notice deletions of a key, until {@link KeyWatch.end}. */
  watch(key: string): KeyWatch {
    const watch = { disturbed: false };
    const watches = this.#watches.get(key) ?? new Set();
    this.#watches.set(key, watches.add(watch));
    return {
      get disturbed() {
        return watch.disturbed;
      },
      end: () => {
        watches.delete(watch);
        if (watches.size === 0 && this.#watches.get(key) === watches) this.#watches.delete(key);
      },
    };
  }

  #push(version: Version): Version | undefined {
    const replaced = version.versionId === 'null' ? this.#remove(version.key, 'null') : undefined;
    const versions = this.#versions.get(version.key);
    if (versions) {
      versions.push(version);
    } else {
      this.#versions.set(version.key, [version]);
      this.#sortedKeys = undefined;
    }
    return replaced;
  }

  #remove(key: string, versionId: string): Version | undefined {
    const versions = this.#versions.get(key) ?? [];
    const index = versions.findIndex((version) => version.versionId === versionId);
    const [removed] = index < 0 ? [] : versions.splice(index, 1);
    if (removed && versions.length === 0) {
      this.#versions.delete(key);
      this.#sortedKeys = undefined;
    }
    return removed;
  }

  #disturb(key: string): void {
    for (const watch of this.#watches.get(key) ?? []) watch.disturbed = true;
  }

  #newVersionId(): string {
    return this.settings.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null';
  }
}
