import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ingestFunctionSeconds } from '../../workflow/ingest-functions.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import type { CzarConfig } from '../config.ts';
import type { DataStack, SensorData } from '../data-stack.ts';
import { ingestMachineName } from '../names.ts';
import type { Announcements } from './announcements.ts';
import type { SensorQueues } from './sensor-queues.ts';
import { useStorageKey } from './storage-rights.ts';
import { TaskFunction } from './task-function.ts';

/** A function of the ingest machine, by its folder under `tasks/`. */
type IngestTask = keyof typeof ingestFunctionSeconds;

export interface IngestTasksProps {
  readonly config: CzarConfig;
  readonly data: DataStack;
  readonly sensors: SensorData;
  readonly queues: SensorQueues;
  readonly announcements: Announcements;
  /** Name of the SSM document that drives E. */
  readonly documentName: string;
}

interface Wiring {
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly rights: readonly PolicyStatement[];
}

/**
 * The functions behind the ingest machine's Task states, each with what it needs to know and may do.
 *
 * None has a right to a message of a queue, to the assignments, or to the data key.
 */
export class IngestTasks extends Construct {
  readonly functions: Readonly<Record<IngestTask, IFunction>>;

  constructor(scope: Construct, id: string, props: IngestTasksProps) {
    super(scope, id);
    const wirings = wire(props);
    const make = (constructId: string, task: IngestTask): IFunction =>
      new TaskFunction(this, constructId, {
        task,
        timeout: Duration.seconds(ingestFunctionSeconds[task]),
        storageKey: props.data.storageKey,
        ...wirings[task],
      }).function;
    this.functions = {
      'check-workbench': make('CheckWorkbench', 'check-workbench'),
      'poll-sensors': make('PollSensors', 'poll-sensors'),
      'record-poll': make('RecordPoll', 'record-poll'),
      'report-gaps': make('ReportGaps', 'report-gaps'),
      'notify-trouble': make('NotifyTrouble', 'notify-trouble'),
    };
  }
}

function wire(props: IngestTasksProps): Readonly<Record<IngestTask, Wiring>> {
  const { config, sensors, queues, announcements } = props;
  const STUDY = config.pit;
  const SENSOR_TABLE = sensors.sensorTable.tableName;
  return {
    'check-workbench': {
      description: 'Finds the workbench, and any other run that is on',
      environment: { STUDY },
      rights: [
        // Describing knows no resources: it is all or none.
        allow(['ec2:DescribeInstances', 'ssm:DescribeInstanceInformation'], ['*']),
        allow(['states:ListExecutions'], [machineArn(props)]),
      ],
    },
    'poll-sensors': {
      description: 'Has the workbench empty the sensor queue',
      environment: { POLLER_DOCUMENT: props.documentName },
      rights: command(props),
    },
    'record-poll': {
      description: 'Writes down what a poll did',
      environment: { SENSOR_TABLE },
      rights: useSensorTable(props, 'dynamodb:GetItem', 'dynamodb:UpdateItem'),
    },
    'report-gaps': {
      description: 'Looks for what was expected of devices and did not come',
      environment: {
        SENSOR_TABLE,
        QUEUE_URL: queues.sensors.queueUrl,
        DEAD_LETTER_QUEUE_URL: queues.deadLetters.queueUrl,
      },
      rights: [
        ...useSensorTable(props, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'),
        seeQueues(props),
      ],
    },
    'notify-trouble': {
      description: 'Tells people of trouble by mail and on the topic, not twice a day the same',
      environment: { STUDY, SENSOR_TABLE, ...announcements.environment },
      rights: [
        ...useSensorTable(props, 'dynamodb:GetItem', 'dynamodb:UpdateItem'),
        ...announcements.rights,
      ],
    },
  };
}

const allow = (
  actions: string[],
  resources: string[],
  conditions?: Record<string, unknown>,
): PolicyStatement => new PolicyStatement({ actions, resources, conditions });

const regional = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

/** By its name: the machine is made of the functions, and cannot be there before them. */
const machineArn = ({ config }: IngestTasksProps): string =>
  regional('states', `stateMachine:${ingestMachineName(config.pit)}`);

/** The one document, and only to the workbench of this study. */
const command = ({ config, documentName }: IngestTasksProps): PolicyStatement[] => [
  allow(['ssm:SendCommand'], [regional('ssm', `document/${documentName}`)]),
  allow(['ssm:SendCommand'], [regional('ec2', 'instance/*')], {
    StringEquals: {
      [`ssm:resourceTag/${tagKeys.study}`]: config.pit,
      [`ssm:resourceTag/${tagKeys.system}`]: 'workbench',
    },
  }),
];

/** How many messages there are, and how old: not the messages. */
const seeQueues = ({ queues }: IngestTasksProps): PolicyStatement =>
  allow(['sqs:GetQueueAttributes'], [queues.sensors.queueArn, queues.deadLetters.queueArn]);

const useSensorTable = (
  { sensors, data }: IngestTasksProps,
  ...actions: string[]
): PolicyStatement[] => [
  allow(actions, [sensors.sensorTable.tableArn]),
  useStorageKey(data.storageKey),
];
