import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  DefinitionBody,
  type IStateMachine,
  LogLevel,
  QueryLanguage,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { ingestLifecycle, mostIngestHours } from '../workflow/ingest.ts';
import type { BatchStack } from './batch-stack.ts';
import type { CzarConfig } from './config.ts';
import type { Alarms } from './constructs/alarms.ts';
import { ArtifactPublisher } from './constructs/artifact-publisher.ts';
import { DeviceGate } from './constructs/device-gate.ts';
import { IngestTasks } from './constructs/ingest-tasks.ts';
import { pollerDocument } from './constructs/poller-document.ts';
import { SensorQueues } from './constructs/sensor-queues.ts';
import { Workbench, type WorkbenchArtifacts } from './constructs/workbench.ts';
import type { DataStack, SensorData } from './data-stack.ts';
import { ingestMachineName } from './names.ts';
import type { NetworkStack } from './network-stack.ts';

export interface IngestStackProps extends StackProps {
  readonly config: CzarConfig;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly sensors: SensorData;
  /** Whose mails and alarms tell of the ingest as well: people confirm their address once. */
  readonly batch: BatchStack;
  readonly artifacts: WorkbenchArtifacts;
}

/**
 * The sensor ingest: where devices come in, the queue of their messages, E that empties it, and the
 * machine that has it do so on a schedule.
 */
export class IngestStack extends Stack {
  readonly stateMachine: IStateMachine;

  constructor(scope: Construct, id: string, props: IngestStackProps) {
    const { config, network, data, sensors, batch, artifacts, ...stackProps } = props;
    super(scope, id, stackProps);
    const { pit } = config;
    const { storageKey } = data;
    const { alarms, announcements } = batch;
    const queues = new SensorQueues(this, 'Sensors', {
      pit,
      storageKey,
      pollerRole: sensors.pollerRole,
      alarms,
    });
    new DeviceGate(this, 'Gate', { pit, storageKey, queues });
    const workbench = new Workbench(this, 'Workbench', {
      config,
      network,
      data,
      sensors,
      queues,
      artifacts,
    });
    const publisher = new ArtifactPublisher(this, 'Artifacts', {
      bucket: data.ancillaryBucket,
      storageKey,
    });
    workbench.node.addDependency(publisher.publish('Poller', artifacts.poller));
    const { functions } = new IngestTasks(this, 'Tasks', {
      config,
      data,
      sensors,
      queues,
      announcements,
      documentName: pollerDocument(this, 'Document').ref,
    });
    const machine = this.lifecycle(functions, props);
    this.schedule(machine, config);
    this.watch(machine, alarms);
    this.stateMachine = machine;
  }

  private lifecycle(
    functions: IngestTasks['functions'],
    { config, data }: IngestStackProps,
  ): StateMachine {
    return new StateMachine(this, 'Polls', {
      stateMachineName: ingestMachineName(config.pit),
      stateMachineType: StateMachineType.STANDARD,
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromChainable(ingestLifecycle(this, functions)),
      comment: 'One poll of the sensor queue, and what it tells',
      timeout: Duration.hours(mostIngestHours),
      logs: {
        destination: new LogGroup(this, 'PollsLog', {
          encryptionKey: data.storageKey,
          retention: RetentionDays.ONE_YEAR,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        includeExecutionData: false,
      },
      tracingEnabled: false,
    });
  }

  /** A rule of EventBridge: what it starts while a run is on ends by itself. */
  private schedule(machine: StateMachine, { pollMinutes }: CzarConfig): void {
    new Rule(this, 'Schedule', {
      description: `Polls the sensor queue every ${pollMinutes} minutes`,
      schedule: Schedule.rate(Duration.minutes(pollMinutes)),
      targets: [new SfnStateMachine(machine, { input: RuleTargetInput.fromObject({}) })],
    });
  }

  private watch(machine: StateMachine, alarms: Alarms): void {
    const often = { period: Duration.minutes(5), statistic: 'Sum' };
    alarms.onAny(this, 'RunFailed', {
      metric: machine.metricFailed(often),
      description: 'A run of the sensor ingest failed.',
    });
    alarms.onAny(this, 'RunTimedOut', {
      metric: machine.metricTimedOut(often),
      description: 'A run of the sensor ingest did not end in time.',
    });
    // Three of the longest intervals: whoever disabled the rule, or took its right, is told.
    alarms.onNone(this, 'NoRuns', {
      metric: machine.metricStarted({ period: Duration.hours(3), statistic: 'Sum' }),
      description: 'The sensor ingest does not run any more.',
    });
  }
}
