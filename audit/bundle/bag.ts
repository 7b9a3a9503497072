import { createHash } from 'node:crypto';
import { type BagFacts, writeBagInfo } from './bag-info.ts';
import { signatureFile, tagManifest } from './bundle.ts';
import type { EvidenceSigner } from './signer.ts';

/** What `bagit.txt` says: BagIt 1.0 (RFC 8493). */
export const bagDeclaration = 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n';

/** Lists files with their digests, as `sha512sum` writes and checks them. */
export function manifest(files: ReadonlyMap<string, Uint8Array>): string {
  return [...files]
    .map(([path, content]) => `${createHash('sha512').update(content).digest('hex')}  ${path}\n`)
    .join('');
}

/**
 * Packs a payload as a bag, and has its tag manifest signed.
 *
 * The signature covers the tag manifest, that one the manifest, and that one the payload; the public
 * key is listed as well, so that none of them can be exchanged alone.
 */
export async function packBag(
  facts: BagFacts,
  signer: EvidenceSigner,
): Promise<Map<string, Uint8Array>> {
  const tags = new Map<string, Uint8Array>([
    ['bag-info.txt', Buffer.from(writeBagInfo(facts))],
    ['bagit.txt', Buffer.from(bagDeclaration)],
    ['manifest-sha512.txt', Buffer.from(manifest(facts.payload))],
    ['public-key.pem', Buffer.from(await signer.publicKeyPem())],
  ]);
  const listed = Buffer.from(manifest(tags));
  return new Map<string, Uint8Array>([
    ...tags,
    [tagManifest, listed],
    [signatureFile, await signer.sign(listed)],
    ...facts.payload,
  ]);
}
