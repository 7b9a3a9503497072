import type { ClientSettings } from '../../../workflow/model/client-settings.ts';

/** A batch id, a second one, and two object ids, minted. */
export const batchId = 'bcdfghjkw';
export const place = { study: 'czarhipaa', batchId } as const;

/** What the deployment of the tests says of itself. */
export const clientSettings: ClientSettings = {
  study: 'czarhipaa',
  inputBucket: 'input',
  resultBucket: 'result',
  ancillaryBucket: 'ancillary',
  ledgerTable: 'ledger',
  dataKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/5e0b8a6c-0000-4000-8000-00000000abcd',
  stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:czarhipaa-batch',
  evidenceKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/5e0b8a6c-0000-4000-8000-00000000e51d',
  logBucket: 'log',
};
