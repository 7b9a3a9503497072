import type { FailureReason } from '../workflow/model/ledger-items.ts';

/** This object ends FAILED: another try would end the same way. */
export class ObjectFault extends Error {
  override readonly name = 'ObjectFault';
  readonly code = 'ObjectFault';
  readonly reason: FailureReason;
  readonly pipelineReason: string | undefined;

  constructor(reason: FailureReason, pipelineReason?: string, options?: ErrorOptions) {
    super(`The object failed: ${reason}.`, options);
    this.reason = reason;
    this.pipelineReason = pipelineReason;
  }
}
