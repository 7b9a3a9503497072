/** What was read is not evidence of a batch's run: the message says where, and never what stood there. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
}
