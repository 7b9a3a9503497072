import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import {
  DefinitionBody,
  LogLevel,
  QueryLanguage,
  type IStateMachine,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { batchLifecycle, mostDays } from '../workflow/definition.ts';
import {
  type ClientSettings,
  clientSettingsParameter,
  type IngestSettings,
} from '../workflow/model/client-settings.ts';
import type { TaskFunctions } from '../workflow/task-functions.ts';
import type { CzarConfig } from './config.ts';
import { Alarms } from './constructs/alarms.ts';
import { Announcements } from './constructs/announcements.ts';
import { BatchTasks } from './constructs/batch-tasks.ts';
import { EventTasks } from './constructs/event-tasks.ts';
import type { DataStack, SensorData } from './data-stack.ts';
import { devicePolicyName, ingestMachineName, sensorQueueName, stateMachineName } from './names.ts';
import { pipelineNames } from './pipeline-names.ts';
import type { WorkersStack } from './workers-stack.ts';

export interface BatchStackProps extends StackProps {
  readonly config: CzarConfig;
  readonly data: DataStack;
  readonly workers: WorkersStack;
}

/**
 * Orchestration: the state machine, its tasks, what they announce, and what sweeps behind them.
 *
 * Nothing here keeps data, and no role of it can read S3D or S3O or decrypt with the data key.
 */
export class BatchStack extends Stack {
  readonly stateMachine: IStateMachine;
  readonly announcements: Announcements;
  readonly alarms: Alarms;

  constructor(scope: Construct, id: string, props: BatchStackProps) {
    const { config, data, workers, ...stackProps } = props;
    super(scope, id, stackProps);
    const announcements = new Announcements(this, 'Announcements', {
      config,
      storageKey: data.storageKey,
    });
    const alarms = new Alarms(this, 'Alarms', { config, storageKey: data.storageKey });
    const deadLetters = this.deadLetterQueue('DeadLetters', data, alarms);
    const undelivered = this.deadLetterQueue('UndeliveredEvents', data, alarms);
    const { functions } = new BatchTasks(this, 'Tasks', {
      config,
      data,
      workers,
      announcements,
      pipelines: pipelineNames(),
      deadLetterQueue: deadLetters,
    });
    this.announcements = announcements;
    this.alarms = alarms;
    this.stateMachine = this.lifecycle(functions, props);
    new EventTasks(this, 'Events', {
      config,
      data,
      workers,
      announcements,
      alarms,
      undelivered,
      stateMachine: this.stateMachine,
    });
    this.tell(props);
  }

  private lifecycle(functions: TaskFunctions, { config, data }: BatchStackProps): StateMachine {
    return new StateMachine(this, 'Lifecycle', {
      stateMachineName: stateMachineName(config.pit),
      stateMachineType: StateMachineType.STANDARD,
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromChainable(batchLifecycle(this, functions)),
      comment: 'One batch, from request to evaporation',
      timeout: Duration.days(mostDays),
      logs: {
        destination: new LogGroup(this, 'LifecycleLog', {
          encryptionKey: data.storageKey,
          retention: RetentionDays.ONE_YEAR,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
      // X-Ray would keep a second record of every run, and know less of it than the history.
      tracingEnabled: false,
    });
  }

  /** A queue of what could not be done, kept for SQS's most until a person has looked. */
  private deadLetterQueue(id: string, { storageKey }: DataStack, alarms: Alarms): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: storageKey,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    alarms.onAny(queue, 'NotEmpty', {
      metric: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }),
      description: `${id} is not empty.`,
    });
    return queue;
  }

  /** What `czar` and a person have to know of the deployment. Names only. */
  private tell({ config, data }: BatchStackProps): void {
    const settings: ClientSettings = {
      study: config.pit,
      inputBucket: data.inputBucket.bucketName,
      resultBucket: data.resultBucket.bucketName,
      ancillaryBucket: data.ancillaryBucket.bucketName,
      ledgerTable: data.ledger.tableName,
      dataKeyArn: data.dataKey.keyArn,
      stateMachineArn: this.stateMachine.stateMachineArn,
      evidenceKeyArn: data.evidenceKey.keyArn,
      logBucket: data.logBucket.bucketName,
      ...(data.sensors && { ingest: ingestSettings(config, data.sensors) }),
    };
    const parameter = new StringParameter(this, 'ClientSettings', {
      parameterName: clientSettingsParameter(config.pit),
      description: `Where study ${config.pit} keeps what; read by czar`,
      stringValue: this.toJsonString(settings),
    });
    new CfnOutput(this, 'StateMachineArn', { value: this.stateMachine.stateMachineArn });
    new CfnOutput(this, 'ClientSettingsParameter', { value: parameter.parameterName });
  }
}

/** IngestStack is built on this one, so its parts are told by their names. */
function ingestSettings(
  { pit }: CzarConfig,
  { sensorTable, assignmentTable }: SensorData,
): IngestSettings {
  return {
    sensorTable: sensorTable.tableName,
    assignmentTable: assignmentTable.tableName,
    stateMachineArn: `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${ingestMachineName(pit)}`,
    queueUrl: `https://sqs.${Aws.REGION}.${Aws.URL_SUFFIX}/${Aws.ACCOUNT_ID}/${sensorQueueName(pit)}`,
    thingPolicy: devicePolicyName(pit),
  };
}
