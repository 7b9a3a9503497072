import type { Call, EventBus } from '../../api.ts';
import type { Bucket } from './bucket.ts';
import type { StoredObject, Version } from './stored-object.ts';

/** The operation that made an object, as events name it. */
export type CreationReason = 'PutObject' | 'CopyObject' | 'CompleteMultipartUpload';

/**
 * Tells EventBridge what happens to objects of the buckets that want it.
 *
 * Keys stand in events as they are, not URL-encoded. The source address is that of the loopback
 * interface, as a service is not told where a call came from.
 *
 * @see Amazon S3 User Guide, "EventBridge event message structure"
 */
export class ObjectEvents {
  readonly #bus: EventBus;
  #count = 0;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  created(call: Call, bucket: Bucket, object: StoredObject, reason: CreationReason): void {
    this.#put(call, bucket, object, 'Object Created', {
      object: { size: object.blob.size, etag: object.etag },
      reason,
    });
  }

  /** `version` is what was deleted for good, or the marker that now hides the object. */
  deleted(call: Call, bucket: Bucket, version: Version, isMarker: boolean): void {
    this.#put(call, bucket, version, 'Object Deleted', {
      object: version.kind === 'object' ? { etag: version.etag } : {},
      reason: 'DeleteObject',
      'deletion-type': isMarker ? 'Delete Marker Created' : 'Permanently Deleted',
    });
  }

  #put(
    call: Call,
    bucket: Bucket,
    version: Version,
    detailType: string,
    { object, ...detail }: Readonly<Record<string, unknown>>,
  ): void {
    if (!bucket.settings.eventBridge) return;
    this.#bus.put({
      source: 'aws.s3',
      detailType,
      resources: [bucket.arn],
      detail: {
        version: '0',
        bucket: { name: bucket.name },
        object: {
          key: version.key,
          ...(object as object),
          ...(version.versionId !== 'null' && { 'version-id': version.versionId }),
          sequencer: this.#nextSequencer(call.time),
        },
        'request-id': call.requestId,
        requester: call.caller.accountId,
        'source-ip-address': '127.0.0.1',
        ...detail,
      },
    });
  }

  /** Hexadecimal digits that grow with time: what orders the events of one key. */
  #nextSequencer(time: Date): string {
    this.#count += 1;
    const digits = (value: number, width: number) => value.toString(16).padStart(width, '0');
    return (digits(time.getTime(), 12) + digits(this.#count % 0x1_0000_0000, 8)).toUpperCase();
  }
}
