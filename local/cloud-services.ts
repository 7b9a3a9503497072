import type { AssetFile, InstanceNetwork, Service, Surroundings } from './api.ts';
import { instanceRoutes } from './gateway/instance-routes.ts';
import type { Interference } from './interference.ts';
import { createCloudwatchService } from './services/cloudwatch/cloudwatch-service.ts';
import { createDynamodbService } from './services/dynamodb/dynamodb-service.ts';
import { createEc2Service, type Ec2Service } from './services/ec2/ec2-service.ts';
import { createEventsService, type EventsService } from './services/events/events-service.ts';
import type { IamService } from './services/iam/iam-service.ts';
import { createIotService, type IotService } from './services/iot/iot-service.ts';
import { createKmsService } from './services/kms/kms-service.ts';
import { createLambdaService, type LambdaService } from './services/lambda/lambda-service.ts';
import { createLogsService } from './services/logs/logs-service.ts';
import { createS3Service } from './services/s3/s3-service.ts';
import { createSesService, type SesService } from './services/ses/ses-service.ts';
import { createSnsService } from './services/sns/sns-service.ts';
import { createSqsService } from './services/sqs/sqs-service.ts';
import { createSsmService } from './services/ssm/ssm-service.ts';
import { createStatesService, type StatesService } from './services/states/states-service.ts';
import { createStsService } from './services/sts/sts-service.ts';

/** The services of an embedded cloud, and those of them that the cloud itself works with. */
export interface CloudServices {
  readonly all: readonly Service[];
  readonly network: InstanceNetwork;
  readonly invoker: LambdaService;
  readonly ses: SesService;
  readonly events: EventsService;
  readonly states: StatesService;
  readonly ec2: Ec2Service;
  readonly iot: IotService;
  readonly logsDirectory: string;
  /** Puts a file of the assembly where CDK's bootstrap would have; folders are for functions only. */
  readonly seedAsset: (asset: AssetFile) => Promise<void>;
}

/** Makes the services and introduces them to each other; nobody else knows who needs whom. */
export function createCloudServices(
  surroundings: Surroundings,
  iam: IamService,
  assets: readonly AssetFile[],
  interference: Interference = {},
): CloudServices {
  const folders = new Map(assets.map(({ bucket, key, path }) => [`${bucket}/${key}`, path]));
  const kms = createKmsService(surroundings);
  const logs = createLogsService(surroundings);
  const ses = createSesService(surroundings);
  const sqs = createSqsService(surroundings, kms);
  const lambda = createLambdaService(
    surroundings,
    (bucket, key) => folders.get(`${bucket}/${key}`),
    logs,
    interference.sandbox,
  );
  const taskInvoker = interference.taskInvoker?.(lambda) ?? lambda;
  // Executions tell the bus how they go, and the bus can start executions.
  const events = createEventsService(
    surroundings,
    lambda,
    () => states,
    () => sqs,
  );
  const states: StatesService = createStatesService(surroundings, taskInvoker, events, logs);
  const iot = createIotService(surroundings, () => sqs, logs);
  const s3 = createS3Service(surroundings, kms, events);
  const ec2 = createEc2Service(surroundings, kms, interference.ec2);
  return {
    all: [
      states,
      events,
      lambda,
      ec2,
      createSsmService(surroundings, ec2.fleet),
      createSnsService(surroundings, lambda, kms),
      iot,
      sqs,
      createDynamodbService(surroundings),
      s3,
      kms,
      ses,
      createStsService(iam),
      iam,
      logs,
      createCloudwatchService(surroundings),
    ],
    network: instanceRoutes(ec2.network),
    invoker: lambda,
    ses,
    events,
    states,
    ec2,
    iot,
    logsDirectory: logs.directory,
    seedAsset: ({ bucket, key, path, packaging }) =>
      packaging === 'file' ? s3.seedAsset(bucket, key, path) : Promise.resolve(),
  };
}
