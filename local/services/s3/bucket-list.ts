import { randomBytes } from 'node:crypto';
import { ApiError, type Surroundings } from '../../api.ts';
import type { BucketSettings } from './bucket-properties.ts';
import { Bucket } from './bucket.ts';

const MAX_NAME_LENGTH = 63;

/** All buckets of the embedded cloud; their names are unique in it, as AWS's are in the world. */
export class BucketList {
  readonly #buckets = new Map<string, Bucket>();
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  create(name: string, settings: BucketSettings, tags: Readonly<Record<string, string>>): Bucket {
    if (this.#buckets.has(name)) {
      throw new ApiError(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
        { BucketName: name },
      );
    }
    const { partition, clock } = this.#surroundings;
    const bucket = new Bucket(name, `arn:${partition}:s3:::${name}`, settings, tags, clock.now());
    this.#buckets.set(name, bucket);
    return bucket;
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** @throws ApiError NoSuchBucket */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (!bucket) {
      throw new ApiError('NoSuchBucket', 'The specified bucket does not exist', 404, {
        BucketName: name,
      });
    }
    return bucket;
  }

  all(): readonly Bucket[] {
    return [...this.#buckets.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }
}

/** A name for a bucket whose template has none: `<stack>-<logical id>-<random>`, as CloudFormation makes it. */
export function generatedBucketName(stack: string, logicalId: string): string {
  const random = randomBytes(6).toString('hex');
  const room = MAX_NAME_LENGTH - random.length - 2;
  const clean = (text: string): string => text.toLowerCase().replace(/[^a-z0-9-]/g, '');
  const half = Math.floor(room / 2);
  const stackPart = clean(stack).slice(0, Math.max(half, room - logicalId.length));
  const idPart = clean(logicalId).slice(0, room - stackPart.length);
  return `${stackPart}-${idPart}-${random}`;
}
