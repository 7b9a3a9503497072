import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IoTClient } from '@aws-sdk/client-iot';
import {
  DescribeExecutionCommand,
  type DescribeExecutionOutput,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCommandInvocationCommand, SSMClient } from '@aws-sdk/client-ssm';
import { registerDevices } from '../../../client/iot/register-devices.ts';
import { readNewEvents } from '../../../client/watch/history-events.ts';
import { bootIdLength, subjectCodeLength } from '../../../ingest/model/codes.ts';
import { type IngestRun, ingestRunName } from '../../../ingest/model/ingest-run.ts';
import type { SensorMessage } from '../../../ingest/model/sensor-message.ts';
import { observationTopic } from '../../../ingest/model/topic.ts';
import { DeviceConnection } from '../../../ingest/simulate/device-connection.ts';
import {
  readDeviceFolders,
  type RegisteredDevice,
} from '../../../ingest/simulate/device-folders.ts';
import { listRuns } from '../../../ledger/sensors/runs.ts';
import { assignmentTable, sensorTable } from '../../../ledger/sensors/sensor-tables.ts';
import type { Table } from '../../../ledger/table.ts';
import type { Instance } from '../../../local/services/ec2/instance.ts';
import { mintCode } from '../../../workflow/model/code.ts';
import { IngestSettings } from '../../../workflow/model/client-settings.ts';
import { tagKeys } from '../../../workflow/model/tags.ts';
import { fromInside } from './from-inside.ts';
import { until } from './run-batch.ts';
import { type RoleDeployment, startStudyCloud, type StudyCloud } from './study-cloud.ts';

/** A study's cloud with a sensor ingest, and the people who use it. */
export interface SensorStudy extends StudyCloud {
  readonly ingest: IngestSettings;
  readonly operator: RoleDeployment;
  readonly iot: IoTClient;
  /** As the operator reads and writes it. */
  readonly sensors: Table;
  /** As the researcher does. */
  readonly assignments: Table;
  /** The certificate that devices trust the endpoint by. */
  readonly ca: Buffer;
  readonly workbench: Instance;
}

/** How an execution of the ingest ended. */
export interface IngestEnd {
  readonly execution: DescribeExecutionOutput;
  readonly states: readonly string[];
  /** Its whole history, as text. */
  readonly history: string;
  /** What the sensor ledger has of it. */
  readonly run: IngestRun | undefined;
}

/** Starts a cloud from an assembly with an ingest, in a folder of its own. */
export async function startSensorStudy(assemblyDirectory: string): Promise<SensorStudy> {
  const study = await startStudyCloud({ assemblyDirectory });
  const { cloud, settings, as } = study;
  const ingest = IngestSettings.parse(settings.ingest);
  const operator = as('operator');
  return {
    ...study,
    ingest,
    operator,
    iot: new IoTClient({
      endpoint: cloud.endpoint,
      region: cloud.region,
      credentials: cloud.personCredentials('operator'),
    }),
    sensors: sensorTable(operator.ledger.client, ingest.sensorTable),
    assignments: assignmentTable(as('researcher').ledger.client, ingest.assignmentTable),
    ca: await readFile(cloud.services.iot.authorityPath ?? ''),
    workbench: cloud.services.ec2.fleet
      .all()
      .find(({ tags }) => tags.instance[tagKeys.system] === 'workbench')!,
  };
}

/** Waits until the workbench has set itself up, and its agent answers. */
export const workbenchOnline = ({ workbench }: SensorStudy): Promise<true> =>
  until(() => (workbench.online ? true : undefined));

/** Registers devices as `czar iot register` does, and reads what they were given. */
export async function register(
  { directory, settings, ingest, iot, sensors }: SensorStudy,
  count: number,
): Promise<RegisteredDevice[]> {
  const folder = join(directory, '..', 'devices');
  const registering = registerDevices(count, {
    iot,
    sensors,
    study: settings.study,
    thingPolicy: ingest.thingPolicy,
    folder,
    everySeconds: 3_600,
    now: () => new Date(),
    signal: new AbortController().signal,
    began: () => undefined,
  });
  await Array.fromAsync(registering);
  const devices = await readDeviceFolders(folder);
  await rm(folder, { recursive: true });
  return devices;
}

const randomByte = (): number => randomBytes(1).readUInt8();

/** Mints a subject's code, as `czar iot mint-subjects` does. */
export const newSubject = (): string => mintCode(subjectCodeLength, randomByte);

/** Connects a device over TLS, with its certificate. */
export const connect = (
  { ca }: Pick<SensorStudy, 'ca'>,
  device: RegisteredDevice,
  onLost: () => void = () => undefined,
): Promise<DeviceConnection> =>
  DeviceConnection.open(device, { ca, inFlight: 20, patienceMs: 5_000, onLost });

/** A value, and the moment at which it is measured. */
export interface Measured {
  readonly at: Date;
  readonly value: number;
}

/** Makes the messages of one boot of a device: heart rates, one message for each list. */
export function messagesOf(
  { device }: Pick<RegisteredDevice, 'device'>,
  ...measured: readonly (readonly Measured[])[]
): SensorMessage[] {
  const boot = mintCode(bootIdLength, randomByte);
  return measured.map((values, seq) => ({
    version: 1,
    device,
    boot,
    seq,
    sentAt: new Date().toISOString(),
    observations: values.map(({ at, value }) => ({
      at: at.toISOString(),
      code: '8867-4',
      value,
      unit: '/min',
    })),
    waveforms: [],
  }));
}

/** Publishes to a device's own topic over a connection of its own, and waits for every PUBACK. */
export async function publish(
  study: SensorStudy,
  device: RegisteredDevice,
  ...payloads: readonly unknown[]
): Promise<void> {
  const connection = await connect(study, device);
  for (const payload of payloads) {
    connection.publish(
      observationTopic(device.study, device.device),
      Buffer.from(JSON.stringify(payload)),
    );
  }
  await connection.idle();
  await connection.close();
}

/** Messages that are in the sensor queue, those in somebody's hand with them. */
export async function queued({ cloud, ingest }: SensorStudy): Promise<number> {
  const { Attributes } = await new SQSClient(fromInside(cloud, 'sqs')).send(
    new GetQueueAttributesCommand({ QueueUrl: ingest.queueUrl, AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes?.ApproximateNumberOfMessages) +
    Number(Attributes?.ApproximateNumberOfMessagesNotVisible)
  );
}

/** Starts a run as the operator does. */
export async function startRun({ operator, ingest }: SensorStudy): Promise<string> {
  const { stateMachineArn } = ingest;
  const { executionArn = '' } = await operator.sfn.send(
    new StartExecutionCommand({ stateMachineArn, input: '{}' }),
  );
  return executionArn;
}

/** Waits for a run's end, and reads what it left. */
export async function runEnded(
  { operator, sensors }: SensorStudy,
  executionArn: string,
): Promise<IngestEnd> {
  const execution = await until(async () => {
    const found = await operator.sfn.send(new DescribeExecutionCommand({ executionArn }));
    return found.status === 'RUNNING' ? undefined : found;
  });
  const events = await readNewEvents(operator.sfn, executionArn, 0);
  const name = ingestRunName({ executionArn });
  const runs = await Array.fromAsync(listRuns(sensors));
  return {
    execution,
    states: events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []),
    history: JSON.stringify(events),
    run: runs.find(({ run }) => run === name),
  };
}

/** Reads what the poller of a run wrote, which Systems Manager keeps. */
export async function pollerLog(
  { cloud, workbench }: SensorStudy,
  { history }: IngestEnd,
): Promise<string> {
  const [, CommandId] = /commandId\W+([0-9a-f-]{36})/.exec(history) ?? [];
  const { instanceId: InstanceId } = workbench;
  const { StandardOutputContent = '', StandardErrorContent = '' } = await new SSMClient(
    fromInside(cloud, 'ssm'),
  ).send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
  return StandardOutputContent + StandardErrorContent;
}
