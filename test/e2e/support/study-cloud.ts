import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { inject } from 'vitest';
import type { Deployment } from '../../../client/deployment.ts';
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  startEmbeddedCloud,
} from '../../../local/cloud.ts';
import type { PersonRole } from '../../../local/run/local-state.ts';
import {
  ClientSettings,
  clientSettingsParameter,
} from '../../../workflow/model/client-settings.ts';
import { imageOf } from './light-image.ts';

/** An embedded cloud with the study deployed, and one role's clients of it. */
export interface StudyCloud {
  readonly cloud: EmbeddedCloud;
  /** Everything the cloud keeps. */
  readonly directory: string;
  readonly settings: ClientSettings;
  readonly as: (role: PersonRole) => RoleDeployment;
  readonly stop: () => Promise<void>;
}

/** A deployment as one person uses it, with clients for looking around. */
export interface RoleDeployment extends Deployment {
  readonly ec2: EC2Client;
  readonly sqs: SQSClient;
}

/**
 * Starts a cloud in a folder of its own.
 *
 * From the assembly of the test run, if no other is given. Where an assembly's software for workers is
 * light, its image brings it.
 */
export async function startStudyCloud({
  assemblyDirectory = inject('assembly'),
  interference,
  ...options
}: Partial<
  Pick<EmbeddedCloudOptions, 'assemblyDirectory' | 'clock' | 'interference'>
> = {}): Promise<StudyCloud> {
  const imageSoftware = imageOf(assemblyDirectory);
  const directory = await mkdtemp(join(tmpdir(), 'czar-e2e-'));
  process.env.CZAR_STATE = join(directory, 'uploads');
  const cloud = await startEmbeddedCloud({
    assemblyDirectory,
    directory: join(directory, 'cloud'),
    // Each cloud of an assembly runs the same bundles.
    interference: {
      ...interference,
      ec2: { ...(imageSoftware && { imageSoftware }), ...interference?.ec2 },
      sandbox: { compileCache: `${assemblyDirectory}.compiled`, ...interference?.sandbox },
    },
    ...options,
  });
  const config = (role: PersonRole) => ({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: cloud.personCredentials(role),
  });
  const { Parameter } = await new SSMClient(config('operator')).send(
    new GetParameterCommand({ Name: clientSettingsParameter('czarhipaa') }),
  );
  const settings = ClientSettings.parse(JSON.parse(Parameter?.Value ?? '{}'));
  return {
    cloud,
    directory: join(directory, 'cloud'),
    settings,
    as: (role) => ({
      settings,
      s3: new S3Client({ ...config(role), forcePathStyle: true }),
      kms: new KMSClient(config(role)),
      sfn: new SFNClient(config(role)),
      ec2: new EC2Client(config(role)),
      sqs: new SQSClient(config(role)),
      ledger: { client: new DynamoDBClient(config(role)), name: settings.ledgerTable },
    }),
    async stop() {
      await cloud.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
