import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LocalState, PersonRole } from '../run/local-state.ts';

/** Unmodified SDK clients that reach the embedded cloud as one role. */
export interface RoleClients {
  readonly s3: S3Client;
  readonly ec2: EC2Client;
  readonly kms: KMSClient;
  readonly sqs: SQSClient;
  readonly sfn: SFNClient;
  readonly dynamodb: DynamoDBClient;
}

export function clientsAs(
  { endpoint, region, credentials }: LocalState,
  role: PersonRole,
): RoleClients {
  const config = { endpoint, region, credentials: credentials[role], maxAttempts: 2 };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    ec2: new EC2Client(config),
    kms: new KMSClient(config),
    sqs: new SQSClient(config),
    sfn: new SFNClient(config),
    dynamodb: new DynamoDBClient(config),
  };
}
