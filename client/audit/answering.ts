import { EvidenceError } from '../../audit/evidence-error.ts';
import { UserError } from '../exit-codes.ts';

/** Does the work of a question; what it could not read is the input's fault, and told as such. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new UserError('badInput', error.message, { cause: error });
  }
}
