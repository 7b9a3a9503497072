import type { AccessRecord } from '../../../audit/access/access-record.ts';
import type { LoggedCall } from '../../../audit/access/read-access-log.ts';
import { batchId, executionArn, objectId } from '../../ledger/codes.ts';

export const keyArn = 'arn:aws:kms:us-east-1:111122223333:key/acba564e-1105-4533-b06d-6527e93b053a';
export const machine = 'i-0123456789abcdef0';
export const grantId = 'd9'.repeat(32);

/** Who may have called. */
export const sessions = {
  uploader: 'czarhipaa-uploader/jo',
  operator: 'czarhipaa-operator/sam',
  worker: `czarhipaa-Data-Worker/${machine}`,
  launcher: 'czarhipaa-Batch-LaunchWorker/czarhipaa-Batch-LaunchWorker-1',
} as const;

/** A record of the access log, a minute past eight unless `minute` says otherwise. */
export function record(
  call: string,
  by: keyof typeof sessions,
  requestParameters: unknown,
  changes: Partial<AccessRecord> & { readonly minute?: number } = {},
): AccessRecord {
  const { minute = 1, ...rest } = changes;
  const [service = '', eventName = ''] = call.split(':');
  return {
    eventTime: `2026-03-02T08:${String(minute).padStart(2, '0')}:00Z`,
    eventSource: `${service}.amazonaws.com`,
    eventName,
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::111122223333:assumed-role/${sessions[by]}`,
    },
    requestParameters,
    responseElements: null,
    ...rest,
  };
}

/** Opens records as a log that was read from a file. */
export const opens = (records: readonly AccessRecord[]) => () =>
  (async function* (): AsyncGenerator<LoggedCall> {
    for (const one of records) yield await Promise.resolve({ record: one, whole: one });
  })();

const context = (batch: string, kind: string) => ({
  encryptionContext: { study: 'czarhipaa', batch, kind },
});
export const key = { resources: [{ ARN: keyArn, type: 'AWS::KMS::Key' }] };

/** The calls of one batch, and one of another, in no order. */
export const log: readonly AccessRecord[] = [
  record('kms:Decrypt', 'worker', context(batchId(1), 'input'), { ...key, minute: 6 }),
  record(
    'ec2:RunInstances',
    'launcher',
    {
      tagSpecificationSet: {
        items: [
          {
            tags: [
              { key: 'czar:batch', value: batchId(1) },
              { key: 'czar:execution', value: executionArn(1).split(':').at(-1)! },
            ],
          },
        ],
      },
    },
    { minute: 4, responseElements: { instancesSet: { items: [{ instanceId: machine }] } } },
  ),
  record(
    's3:PutObject',
    'uploader',
    { bucketName: 'in', key: `in/v1/czarhipaa/${batchId(1)}/${objectId(1)}` },
    { minute: 2 },
  ),
  record('s3:PutObject', 'uploader', { key: `in/v1/czarhipaa/${batchId(2)}/${objectId(2)}` }),
  record(
    's3:GetObject',
    'operator',
    { key: `in/v1/czarhipaa/${batchId(1)}/${objectId(1)}` },
    {
      minute: 9,
      errorCode: 'AccessDenied',
    },
  ),
  record('s3:GetObject', 'operator', { key: 'in/Jane-Doe' }, { errorCode: 'NoSuchKey' }),
  record('sqs:CreateQueue', 'launcher', {
    queueName: `czarhipaa-batch-${batchId(1)}-193c7ac3a93f`,
  }),
  record(
    'kms:CreateGrant',
    'launcher',
    {
      granteePrincipal: `arn:aws:sts::111122223333:assumed-role/W/${machine}`,
      operations: ['Decrypt'],
      constraints: { encryptionContextSubset: { batch: batchId(1) } },
    },
    { ...key, minute: 5, responseElements: { grantId } },
  ),
  record('kms:RevokeGrant', 'launcher', { grantId }, { ...key, minute: 8 }),
  record('kms:Decrypt', 'worker', context(batchId(1), 'input'), { ...key, minute: 7 }),
  record('kms:Decrypt', 'operator', context(batchId(1), 'input'), {
    ...key,
    errorCode: 'AccessDenied',
  }),
  record('kms:PutKeyPolicy', 'operator', null, { ...key, errorCode: 'AccessDeniedException' }),
  record(
    'kms:Decrypt',
    'uploader',
    { encryptionContext: { 'aws:s3:arn': 'x' } },
    {
      resources: [{ ARN: `${keyArn.slice(0, -1)}0` }],
    },
  ),
  record('states:DescribeExecution', 'operator', { executionArn: executionArn(1) }),
  record('sqs:ReceiveMessage', 'worker', { queueUrl: 'x' }, { minute: 6 }),
];
