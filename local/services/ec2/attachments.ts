import type { Instance, Volume } from './instance.ts';

/** A volume with the instance that it was made for. */
export interface MadeVolume {
  readonly instance: Instance;
  readonly volume: Volume;
  readonly isAttached: boolean;
}

/** The network interface of an instance; everything that EC2 tells of it stands on the instance. */
export interface MadeInterface {
  readonly instance: Instance;
  readonly isAttached: boolean;
}

/**
 * Volumes and interfaces: those of instances that are not gone, and those that outlived theirs
 * because it did not take them with it.
 */
export class Attachments {
  readonly #living: () => readonly Instance[];
  readonly #volumes = new Map<string, MadeVolume>();
  readonly #interfaces = new Map<string, MadeInterface>();

  constructor(living: () => readonly Instance[]) {
    this.#living = living;
  }

  /** Keeps what hung on an instance that is gone. */
  orphan(instance: Instance): void {
    const made = { instance, isAttached: false };
    for (const volume of instance.volumes) {
      this.#volumes.set(volume.volumeId, { ...made, volume });
    }
    this.#interfaces.set(instance.networkInterfaceId, made);
  }

  volumes(): readonly MadeVolume[] {
    const attached = this.#living().flatMap((instance) =>
      instance.volumes.map((volume) => ({ instance, volume, isAttached: true })),
    );
    return [...attached, ...this.#volumes.values()];
  }

  interfaces(): readonly MadeInterface[] {
    const attached = this.#living().map((instance) => ({ instance, isAttached: true }));
    return [...attached, ...this.#interfaces.values()];
  }

  /** Deletes an orphan. */
  deleteVolume(volumeId: string): void {
    this.#volumes.delete(volumeId);
  }

  /** Deletes an orphan. */
  deleteInterface(networkInterfaceId: string): void {
    this.#interfaces.delete(networkInterfaceId);
  }
}
