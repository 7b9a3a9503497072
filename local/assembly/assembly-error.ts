/**
 * A cloud assembly cannot be read or deployed: it is not one, or holds something that the embedded cloud does not
 * support. The message says where.
 */
export class AssemblyError extends Error {
  override readonly name = 'AssemblyError';
  readonly code = 'AssemblyError';
}
