import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import type { LedgerTable } from '../ledger/table.ts';
import { ClientSettings, clientSettingsParameter } from '../workflow/model/client-settings.ts';
import { UserError } from './exit-codes.ts';

/** A deployed study as `czar` uses it: where everything is, and clients with the caller's credentials. */
export interface Deployment {
  readonly settings: ClientSettings;
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly sfn: SFNClient;
  readonly ledger: LedgerTable;
}

/**
 * For all clients. The SDK itself waits for ever: a cable pulled out would look like a slow line.
 * The socket's limit is for silence, not for the length of a request.
 */
export const connections = {
  requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
} as const;

/**
 * Opens a study's deployment with the ordinary credential chain.
 *
 * Everything but the study's name is read from the SSM parameter that the deployment wrote.
 *
 * @throws UserError where there is no such deployment, or it is of another version of `czar`.
 */
export async function openDeployment(study: string): Promise<Deployment> {
  const settings = await readSettings(study);
  return {
    settings,
    s3: new S3Client(connections),
    kms: new KMSClient(connections),
    sfn: new SFNClient(connections),
    ledger: { client: new DynamoDBClient(connections), name: settings.ledgerTable },
  };
}

async function readSettings(study: string): Promise<ClientSettings> {
  const ssm = new SSMClient(connections);
  await requireRegion(ssm);
  try {
    const Name = clientSettingsParameter(study);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
    return parseSettings(Parameter?.Value, study);
  } catch (error) {
    if (!(error instanceof ParameterNotFound)) throw error;
    throw new UserError(
      'unavailable',
      'no deployment of this study in this account and region: set --study or AWS_REGION, or deploy it first',
      { cause: error },
    );
  } finally {
    ssm.destroy();
  }
}

/** The SDK's own error for a missing region has neither a name nor a code to tell it by. */
async function requireRegion(ssm: SSMClient): Promise<void> {
  try {
    await ssm.config.region();
  } catch (error) {
    throw new UserError(
      'unavailable',
      'no AWS region is set: set AWS_REGION, or a region in ~/.aws/config',
      { cause: error },
    );
  }
}

function parseSettings(value: string | undefined, study: string): ClientSettings {
  try {
    const settings = ClientSettings.parse(JSON.parse(value ?? ''));
    if (settings.study === study) return settings;
  } catch (error) {
    throw otherVersion(error);
  }
  throw otherVersion();
}

function otherVersion(cause?: unknown): UserError {
  return new UserError(
    'unavailable',
    'the deployment describes itself in another form than this czar reads: bring both to one version',
    { cause },
  );
}
