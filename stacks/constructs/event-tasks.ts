import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { CzarConfig } from '../config.ts';
import type { DataStack } from '../data-stack.ts';
import type { WorkersStack } from '../workers-stack.ts';
import type { Alarms } from './alarms.ts';
import type { Announcements } from './announcements.ts';
import { evaporation } from './batch-tasks.ts';
import { TaskFunction } from './task-function.ts';
import { taskRights as may } from './task-rights.ts';

export interface EventTasksProps {
  readonly config: CzarConfig;
  readonly data: DataStack;
  readonly workers: WorkersStack;
  readonly announcements: Announcements;
  readonly alarms: Alarms;
  readonly stateMachine: IStateMachine;
  /** Where events go that could not be handled. */
  readonly undelivered: IQueue;
}

/**
 * What runs by events and beside the state machine: the register of new objects, the sweeper, and
 * behind it the writer of evidence.
 */
export class EventTasks extends Construct {
  constructor(scope: Construct, id: string, props: EventTasksProps) {
    super(scope, id);
    this.registerObjects(props);
    this.sweep(props);
  }

  private registerObjects({ config, data, workers, undelivered }: EventTasksProps): void {
    const place = { pit: config.pit, data, workers };
    const register = new TaskFunction(this, 'RegisterObject', {
      task: 'register-object',
      description: 'Enters a new object of S3D in the ledger; the manifest seals its batch',
      timeout: Duration.seconds(30),
      storageKey: data.storageKey,
      environment: { STUDY: config.pit, LEDGER_TABLE: data.ledger.tableName },
      rights: may.ledger(place),
      deadLetterQueue: undelivered,
    });
    new Rule(this, 'ObjectCreated', {
      description: 'A new object in S3D',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [data.inputBucket.bucketName] } },
      },
      targets: [new LambdaTarget(register.function, { deadLetterQueue: undelivered })],
    });
  }

  private writeEvidence({
    config,
    data,
    workers,
    alarms,
    undelivered,
  }: EventTasksProps): IFunction {
    const place = { pit: config.pit, data, workers };
    const writer = new TaskFunction(this, 'WriteEvidence', {
      task: 'write-evidence',
      description: 'Writes the signed evidence of an execution that has ended to S3L, once',
      // Lambda's most: a history of 25,000 events and the objects of a large batch are read page by page.
      timeout: Duration.minutes(15),
      storageKey: data.storageKey,
      environment: {
        STUDY: config.pit,
        LEDGER_TABLE: data.ledger.tableName,
        LOG_BUCKET: data.logBucket.bucketName,
        EVIDENCE_KEY_ARN: data.evidenceKey.keyArn,
      },
      role: data.evidenceRole,
      rights: [
        ...may.readHistories(place),
        ...may.ledger(place),
        ...may.queryLedger(place),
        ...may.writeEvidence(place),
      ],
      // A whole core; the record of all objects is in memory.
      memorySize: 1769,
      deadLetterQueue: undelivered,
    });
    alarms.onAny(this, 'EvidenceFailed', {
      metric: writer.function.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' }),
      description: 'The evidence of a run could not be written.',
    });
    return writer.function;
  }

  private sweep(props: EventTasksProps): void {
    const { config, data, workers, announcements, alarms, stateMachine, undelivered } = props;
    const place = { pit: config.pit, data, workers };
    const evidence = this.writeEvidence(props);
    const sweep = new TaskFunction(this, 'Sweep', {
      task: 'sweep',
      description: 'Ends what outlived its execution',
      // Lambda's most; a sweep of nothing takes a second.
      timeout: Duration.minutes(15),
      storageKey: data.storageKey,
      environment: {
        STUDY: config.pit,
        LEDGER_TABLE: data.ledger.tableName,
        DATA_KEY_ARN: data.dataKey.keyArn,
        EVIDENCE_FUNCTION: evidence.functionName,
        ...announcements.environment,
      },
      rights: [
        ...sweepRights(place),
        ...announcements.rights,
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [evidence.functionArn],
        }),
      ],
      memorySize: 512,
      deadLetterQueue: undelivered,
    });
    const target = new LambdaTarget(sweep.function, { deadLetterQueue: undelivered });
    new Rule(this, 'ExecutionEnded', {
      description: 'An execution ended, however: looks behind it, and has its evidence written',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [stateMachine.stateMachineArn],
          status: ['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT'],
        },
      },
      targets: [target],
    });
    new Rule(this, 'Hourly', {
      description: 'Looks for what outlived its execution, whatever happened',
      schedule: Schedule.rate(Duration.hours(1)),
      targets: [target],
    });
    const often = { period: Duration.minutes(5), statistic: 'Sum' };
    alarms.onAny(this, 'SweepFailed', {
      metric: sweep.function.metricErrors(often),
      description: 'The sweeper failed: something of a batch may still run.',
    });
    const outlived = new MetricFilter(this, 'OutlivedCount', {
      logGroup: sweep.logGroup,
      filterPattern: FilterPattern.numberValue('$.outlived', '>', 0),
      metricNamespace: `${config.pit}/Sweep`,
      metricName: 'Outlived',
      metricValue: '$.outlived',
    });
    alarms.onAny(this, 'Outlived', {
      metric: outlived.metric(often),
      description: 'The sweeper ended what had outlived its execution.',
    });
  }
}

function sweepRights(place: Parameters<typeof may.ledger>[0]): PolicyStatement[] {
  return [
    ...evaporation(place).flat(),
    ...may.seeAttachments(),
    ...may.deleteOrphans(place),
    ...may.findQueue(place),
    ...may.listQueues(),
    ...may.ledger(place),
    ...may.queryLedger(place),
    ...may.seeExecutions(place),
  ];
}
