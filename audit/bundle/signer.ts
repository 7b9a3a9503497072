/** Who signs evidence: whoever holds the private key, on NIST's curve P-384. */
export interface EvidenceSigner {
  /** The public key, as PEM of its SPKI. */
  publicKeyPem(): Promise<string>;
  /** Signs a tag manifest's bytes with ECDSA over their SHA-384; the signature is DER. */
  sign(tagManifest: Uint8Array): Promise<Uint8Array>;
}
