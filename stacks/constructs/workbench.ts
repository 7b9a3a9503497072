import { readFileSync } from 'node:fs';
import { Aws, Tags, Validations } from 'aws-cdk-lib';
import {
  AmazonLinuxCpuType,
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  HttpTokens,
  Instance,
  InstanceInitiatedShutdownBehavior,
  InstanceType,
  MachineImage,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { tagKeys } from '../../workflow/model/tags.ts';
import type { CzarConfig } from '../config.ts';
import type { DataStack, SensorData } from '../data-stack.ts';
import type { NetworkStack } from '../network-stack.ts';
import type { Artifact } from '../worker-artifacts.ts';
import { closedSecurityGroup } from './closed-security-group.ts';
import type { SensorQueues } from './sensor-queues.ts';

export interface WorkbenchProps {
  readonly config: CzarConfig;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly sensors: SensorData;
  readonly queues: SensorQueues;
  readonly artifacts: WorkbenchArtifacts;
}

/** The software that E runs and Amazon Linux 2023 does not bring. */
export interface WorkbenchArtifacts {
  readonly node: Artifact;
  readonly poller: Artifact;
}

const bootScript = new URL('../user-data/workbench-boot.sh', import.meta.url);

/**
 * E, the workbench: the one machine that is always there, on the private subnet, for the poller.
 *
 * Its disk has the poller's spool, so it stops and starts, and a deployment that changes only its
 * software has it stop and start by itself. A new image makes a new E: see docs/deploy.md.
 */
export class Workbench extends Construct {
  constructor(scope: Construct, id: string, props: WorkbenchProps) {
    super(scope, id);
    const { config, network, data, sensors } = props;
    const machine = new Instance(this, 'Resource', {
      vpc: network.vpc,
      vpcSubnets: { subnetGroupName: 'Private' },
      instanceType: new InstanceType(config.instanceType),
      machineImage: MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.X86_64 }),
      role: sensors.pollerRole,
      securityGroup: closedSecurityGroup(this, 'SecurityGroup', {
        network,
        description: 'Workbench: nothing in, HTTPS to endpoints out',
        gatewayPrefixLists: config.gatewayPrefixLists,
        gatewayRule: 'S3 and DynamoDB: the private routes know no other',
      }),
      userData: UserData.custom(bootWith(props)),
      userDataCausesReplacement: false,
      httpTokens: HttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      instanceInitiatedShutdownBehavior: InstanceInitiatedShutdownBehavior.STOP,
      detailedMonitoring: true,
      propagateTagsToVolumeOnCreation: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(16, {
            encrypted: true,
            kmsKey: data.storageKey,
            deleteOnTermination: true,
            volumeType: EbsDeviceVolumeType.GP3,
          }),
        },
      ],
    });
    machine.instance.tenancy = config.tenancy;
    Tags.of(machine).add(tagKeys.system, 'workbench');
    Tags.of(machine).add('Name', `${config.pit} workbench`);
    Validations.of(machine).acknowledge({
      id: 'HIPAA.Security-EC2InstancesInVPC',
      reason: 'It is; the check cannot resolve a subnet of another stack',
    });
  }
}

/** The boot script with its values between the first line and the rest. */
function bootWith({ config, data, sensors, queues, artifacts }: WorkbenchProps): string {
  const [shebang = '', ...script] = readFileSync(bootScript, 'utf8').split('\n');
  const settings = {
    CZAR_STUDY: config.pit,
    CZAR_REGION: Aws.REGION,
    CZAR_INPUT_BUCKET: data.inputBucket.bucketName,
    CZAR_ANCILLARY_BUCKET: data.ancillaryBucket.bucketName,
    CZAR_LEDGER_TABLE: data.ledger.tableName,
    CZAR_SENSOR_TABLE: sensors.sensorTable.tableName,
    CZAR_ASSIGNMENT_TABLE: sensors.assignmentTable.tableName,
    CZAR_DATA_KEY_ARN: data.dataKey.keyArn,
    CZAR_QUEUE_URL: queues.sensors.queueUrl,
    CZAR_DEAD_LETTER_QUEUE_URL: queues.deadLetters.queueUrl,
    CZAR_SEAL_AFTER_HOURS: String(config.sealAfterHours),
    CZAR_NODE_SHA256: artifacts.node.sha256,
    CZAR_POLLER_SHA256: artifacts.poller.sha256,
  };
  const values = Object.entries(settings).map(([name, value]) => `${name}='${value}'`);
  return [shebang, ...values, ...script].join('\n');
}
