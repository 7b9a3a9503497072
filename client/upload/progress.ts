import type { Output } from '../output.ts';

/** Tells how far one object is. */
export interface ObjectMeter {
  /** Counts bytes of the file that were read and encrypted. */
  readonly read: (sizeBytes: number) => void;
  /** Counts bytes of the ciphertext that the bucket has. */
  readonly sent: (sizeBytes: number) => void;
  /** Counts the object as stored, however many of its bytes had been counted. */
  readonly stored: () => void;
}

/** Shows how far an upload is, by bytes of the files. */
export class UploadProgress {
  readonly #output: Output;
  readonly #objects: number;
  readonly #totalBytes: number;
  #readBytes = 0;
  #sentBytes = 0;
  #stored = 0;

  constructor(files: readonly { readonly sizeBytes: number }[], output: Output) {
    this.#output = output;
    this.#objects = files.length;
    this.#totalBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  }

  /** Makes the meter of one object; ciphertext is counted as its share of the file. */
  meter(file: { readonly sizeBytes: number }): ObjectMeter {
    let read = 0;
    let sent = 0;
    const update = (readNow: number, sentNow: number): void => {
      this.#readBytes += readNow - read;
      this.#sentBytes += sentNow - sent;
      read = readNow;
      sent = sentNow;
      this.#output.progress('upload-progress', this.#fields(), this.#sentence());
    };
    return {
      read: (sizeBytes) => update(read + sizeBytes, sent),
      sent: (sizeBytes) => update(file.sizeBytes, Math.min(file.sizeBytes, sent + sizeBytes)),
      stored: () => {
        this.#stored += 1;
        update(file.sizeBytes, file.sizeBytes);
      },
    };
  }

  /** Tells the last figures. */
  end(): void {
    this.#output.event('upload-progress', this.#fields(), this.#sentence());
  }

  #fields(): Record<string, number> {
    return {
      objects: this.#objects,
      objectsStored: this.#stored,
      bytes: this.#totalBytes,
      bytesEncrypted: this.#readBytes,
      bytesSent: this.#sentBytes,
    };
  }

  #sentence(): string {
    const share = this.#totalBytes === 0 ? 1 : this.#sentBytes / this.#totalBytes;
    const bar = '#'.repeat(Math.floor(share * 20)).padEnd(20, '.');
    const percent = String(Math.floor(share * 100)).padStart(3);
    const [read, sent, all] = [this.#readBytes, this.#sentBytes, this.#totalBytes].map(mebibytes);
    return `[${bar}]${percent} %  ${sent}/${all} MiB sent, ${read} encrypted, ${this.#stored}/${this.#objects} objects`;
  }
}

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);
