import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
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
import type { ImageSoftware } from '../../../local/services/ec2/image.ts';
import type { PersonRole } from '../../../local/run/local-state.ts';
import {
  ClientSettings,
  clientSettingsParameter,
} from '../../../workflow/model/client-settings.ts';

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

/** What the test run's synth built for workers: 73 MB that an image may bring instead of S3A. */
const built = fileURLToPath(new URL('../../../dist/artifacts/host/', import.meta.url));
const fullImage: ImageSoftware = {
  'bin/node': process.execPath,
  'artifacts/engine.tar': join(built, 'engine.tar'),
  'artifacts/agent.tar': join(built, 'agent.tar'),
};

/**
 * Starts a cloud in a folder of its own.
 *
 * From the assembly of the test run, if no other is given. Its image brings the workers' software, of
 * which an instance takes what has the digests that it is told; `isBare` leaves it to be fetched.
 */
export async function startStudyCloud({
  assemblyDirectory = inject('assembly'),
  interference,
  isBare = false,
  ...options
}: Partial<Pick<EmbeddedCloudOptions, 'assemblyDirectory' | 'clock' | 'interference'>> & {
  readonly isBare?: boolean;
} = {}): Promise<StudyCloud> {
  const directory = await mkdtemp(join(tmpdir(), 'czar-e2e-'));
  process.env.CZAR_STATE = join(directory, 'uploads');
  const cloud = await startEmbeddedCloud({
    assemblyDirectory,
    directory: join(directory, 'cloud'),
    // Each cloud of an assembly runs the same bundles.
    interference: {
      ...(isBare ? {} : { ec2: { imageSoftware: fullImage } }),
      ...interference,
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
