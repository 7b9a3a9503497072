import { createHash } from 'node:crypto';
import type { EvidenceSigner } from './signer.ts';

/** What a bag is made of. */
export interface BagParts {
  readonly name: string;
  /** Files by their paths under `data/`. */
  readonly payload: ReadonlyMap<string, string>;
  readonly writtenBy: string;
  readonly now: Date;
}

const sha512 = (content: Uint8Array): string => createHash('sha512').update(content).digest('hex');

function manifest(files: ReadonlyMap<string, Uint8Array>): string {
  return [...files].map(([path, content]) => `${sha512(content)}  ${path}\n`).join('');
}

/** Packs a payload as a bag of BagIt 1.0, and has its tag manifest signed. */
export async function bagFiles(
  { payload, writtenBy, now }: BagParts,
  signer: EvidenceSigner,
): Promise<Map<string, Uint8Array>> {
  const data = new Map(
    [...payload]
      .map(([path, text]) => [`data/${path}`, Buffer.from(text)] as const)
      .toSorted(([a], [b]) => Number(a > b) - Number(a < b)),
  );
  const tags = new Map([
    [
      'bag-info.txt',
      Buffer.from(`Bagging-Date: ${now.toISOString().slice(0, 10)}\nComposed-By: ${writtenBy}\n`),
    ],
    ['bagit.txt', Buffer.from('BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n')],
    ['manifest-sha512.txt', Buffer.from(manifest(data))],
    ['public-key.pem', Buffer.from(await signer.publicKeyPem())],
  ]);
  const tagManifest = Buffer.from(manifest(tags));
  return new Map<string, Uint8Array>([
    ...tags,
    ['tagmanifest-sha512.txt', tagManifest],
    ['signature.der', await signer.sign(tagManifest)],
    ...data,
  ]);
}
