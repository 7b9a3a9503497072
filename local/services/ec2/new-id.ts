import { randomBytes } from 'node:crypto';

/** Makes an id as EC2 does: a prefix and seventeen hex digits. */
export const newId = (prefix: string): string =>
  `${prefix}-${randomBytes(9).toString('hex').slice(1)}`;
