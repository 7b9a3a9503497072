import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  functionSeconds,
  type TaskFunctions,
  type TaskName,
} from '../../workflow/task-functions.ts';
import type { CzarConfig } from '../config.ts';
import type { DataStack } from '../data-stack.ts';
import type { WorkersStack } from '../workers-stack.ts';
import type { Announcements } from './announcements.ts';
import { TaskFunction } from './task-function.ts';
import { taskRights as may } from './task-rights.ts';

export interface BatchTasksProps {
  readonly config: CzarConfig;
  readonly data: DataStack;
  readonly workers: WorkersStack;
  readonly announcements: Announcements;
  /** Where messages of every run's queue go that no worker could do. */
  readonly deadLetterQueue: IQueue;
  /** Names of the pipelines in the workers' agent. */
  readonly pipelines: readonly string[];
}

interface Wiring {
  readonly description: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly rights: readonly (readonly PolicyStatement[])[];
  readonly memorySize?: number;
}

/** The functions behind the Task states, each with what it needs to know and may do. */
export class BatchTasks extends Construct {
  readonly functions: TaskFunctions;

  constructor(scope: Construct, id: string, props: BatchTasksProps) {
    super(scope, id);
    const wirings = wire(props);
    const make = (task: TaskName) => {
      const { rights, ...wiring } = wirings[task];
      return new TaskFunction(this, pascalCase(task), {
        task,
        timeout: Duration.seconds(functionSeconds[task]),
        storageKey: props.data.storageKey,
        rights: rights.flat(),
        ...wiring,
      }).function;
    };
    this.functions = mapTasks(make);
  }
}

function wire({
  config,
  data,
  workers,
  announcements,
  deadLetterQueue,
  pipelines,
}: BatchTasksProps): Readonly<Record<TaskName, Wiring>> {
  const place = { pit: config.pit, data, workers };
  const STUDY = config.pit;
  const LEDGER_TABLE = data.ledger.tableName;
  const ANCILLARY_BUCKET = data.ancillaryBucket.bucketName;
  const DATA_KEY_ARN = data.dataKey.keyArn;
  const WORKER_DOCUMENT = workers.workerDocumentName;
  return {
    'validate-request': {
      description:
        'Holds a request against its form, the deployment and the batch, and reserves it',
      environment: {
        STUDY,
        LEDGER_TABLE,
        ANCILLARY_BUCKET,
        PIPELINES: pipelines.join(','),
        MOST_WORKERS: String(config.workers),
        DEFAULT_TENANCY: config.tenancy,
        DEFAULT_INSTANCE_TYPE: config.instanceType,
      },
      rights: [may.ledger(place), may.readListings(place), may.seeExecutions(place)],
    },
    'open-batch': {
      description: 'Freezes a batch for one execution and fills its queue',
      environment: {
        STUDY,
        LEDGER_TABLE,
        ANCILLARY_BUCKET,
        DEAD_LETTER_QUEUE_ARN: deadLetterQueue.queueArn,
        STORAGE_KEY_ARN: data.storageKey.keyArn,
      },
      rights: [
        may.ledger(place),
        may.queryLedger(place),
        may.readListings(place),
        may.fillQueue(place),
      ],
      // A whole core: a call of the SDK costs some half a millisecond of it, a million make minutes.
      memorySize: 1769,
    },
    notify: {
      description: 'Announces a stage of a batch by mail and on the topic, once',
      environment: { STUDY, LEDGER_TABLE, ...announcements.environment },
      rights: [may.ledger(place), announcements.rights],
    },
    'launch-worker': {
      description: 'Launches one worker (W) from the launch template',
      environment: {
        STUDY,
        LAUNCH_TEMPLATE_ID: workers.launchTemplateId,
        LAUNCH_TEMPLATE_VERSION: workers.launchTemplateVersion,
        SUBNET_IDS: workers.subnetIds.join(','),
      },
      rights: [may.launch(place)],
    },
    'await-worker': {
      description: 'Waits until a worker takes commands',
      environment: {},
      rights: [may.seeInstances(), may.seeAgents()],
    },
    'configure-worker': {
      description: 'Has a worker check itself',
      environment: { WORKER_DOCUMENT },
      rights: [may.command(place)],
    },
    'deliver-key': {
      description: 'Lets one worker decrypt one batch, by a grant on the data key',
      environment: { STUDY, DATA_KEY_ARN, WORKER_ROLE_ARN: data.workerRole.roleArn },
      rights: [may.deliverKey(place)],
    },
    process: {
      description: 'Has a worker take objects from the queue of its batch',
      environment: { WORKER_DOCUMENT },
      rights: [may.command(place)],
    },
    'retire-worker': {
      description: 'Takes the key from one worker and terminates it',
      environment: { STUDY, DATA_KEY_ARN },
      rights: [
        may.seeInstances(),
        may.terminate(place),
        may.seeGrants(place),
        may.revokeGrants(place),
      ],
    },
    consolidate: {
      description: 'Has one live worker make the result of a batch',
      environment: { WORKER_DOCUMENT },
      rights: [may.seeInstances(), may.seeAgents(), may.command(place)],
    },
    'terminate-workers': {
      description: 'Ends all that a run launched or was given',
      environment: { STUDY, DATA_KEY_ARN },
      rights: evaporation(place).concat([may.findQueue(place)]),
    },
    'prove-evaporated': {
      description: 'Looks for all that could be left of a run',
      environment: { STUDY, DATA_KEY_ARN },
      rights: [
        may.seeInstances(),
        may.seeAttachments(),
        may.seeSnapshots(),
        may.seeGrants(place),
        may.findQueue(place),
      ],
    },
    'close-batch': {
      description: 'Writes the outcome of an execution on its batch',
      environment: { LEDGER_TABLE },
      rights: [may.ledger(place)],
    },
    'fail-batch': {
      description: 'Ends an execution with the error of its batch, unless it was redriven',
      environment: {},
      rights: [may.answerTask(place)],
    },
  };
}

/** Rights to find and end instances, grants and queues. */
export function evaporation(place: Parameters<typeof may.terminate>[0]): PolicyStatement[][] {
  return [
    may.seeInstances(),
    may.terminate(place),
    may.seeGrants(place),
    may.revokeGrants(place),
    may.deleteQueue(place),
  ];
}

function mapTasks(make: (task: TaskName) => TaskFunctions[TaskName]): TaskFunctions {
  const entries = Object.keys(functionSeconds).map((task) => [task, make(task as TaskName)]);
  return Object.fromEntries(entries) as TaskFunctions;
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
