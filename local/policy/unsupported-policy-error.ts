/**
 * A policy holds something the evaluator does not implement, or that AWS would refuse as malformed.
 *
 * Raised while a policy is loaded, so that nothing is ever decided by a policy understood in part.
 * `where` names the policy (a logical id, say) and `element` the place in it; values of conditions
 * are not repeated.
 */
export class UnsupportedPolicyError extends Error {
  override readonly name = 'UnsupportedPolicyError';
  readonly code = 'UnsupportedPolicyError';
  readonly where: string;
  readonly element: string;

  constructor(where: string, element: string, reason: string) {
    super(`${where}: ${element}: ${reason}`);
    this.where = where;
    this.element = element;
  }
}
