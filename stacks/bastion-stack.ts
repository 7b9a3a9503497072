import { readFileSync } from 'node:fs';
import { Stack, type StackProps, Tags, Validations } from 'aws-cdk-lib';
import {
  AmazonLinuxCpuType,
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  HttpTokens,
  Instance,
  InstanceInitiatedShutdownBehavior,
  InstanceType,
  type ISecurityGroup,
  MachineImage,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { CzarConfig } from './config.ts';
import type { DataStack } from './data-stack.ts';
import type { NetworkStack } from './network-stack.ts';

export interface BastionStackProps extends StackProps {
  readonly config: CzarConfig;
  readonly network: NetworkStack;
  readonly data: DataStack;
}

const bootScript = new URL('./user-data/bastion-boot.sh', import.meta.url);

/**
 * B: an SSH jump host, off by default because Session Manager needs no open port.
 *
 * It passes connections on to port 22 inside the VPC and does nothing else: no shell, no
 * terminal, no rights in AWS. It stops itself when nobody has been connected for half an hour;
 * the operator starts it.
 */
export class BastionStack extends Stack {
  constructor(scope: Construct, id: string, props: BastionStackProps) {
    const { config, network, data, ...stackProps } = props;
    super(scope, id, stackProps);
    const instance = new Instance(this, 'Resource', {
      vpc: network.vpc,
      vpcSubnets: { subnetType: SubnetType.PUBLIC },
      associatePublicIpAddress: true,
      instanceType: new InstanceType('t4g.nano'),
      machineImage: MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.ARM_64 }),
      securityGroup: jumpOnly(this, network, config.bastionCidrs),
      userData: UserData.custom(bootWith(config.bastionKeys)),
      userDataCausesReplacement: true,
      httpTokens: HttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      instanceInitiatedShutdownBehavior: InstanceInitiatedShutdownBehavior.STOP,
      detailedMonitoring: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: BlockDeviceVolume.ebs(8, {
            encrypted: true,
            kmsKey: data.storageKey,
            deleteOnTermination: true,
            volumeType: EbsDeviceVolumeType.GP3,
          }),
        },
      ],
    });
    Tags.of(instance).add('czar:system', 'bastion');
    Validations.of(instance).acknowledge(
      {
        id: 'HIPAA.Security-EC2InstanceNoPublicIp',
        reason: 'A bastion is what is reached from outside; it holds nothing and has no rights',
      },
      {
        id: 'HIPAA.Security-EC2InstancesInVPC',
        reason: 'It is; the check cannot resolve a subnet of another stack',
      },
    );
  }
}

function jumpOnly(
  scope: Construct,
  { vpc }: NetworkStack,
  cidrs: readonly string[],
): ISecurityGroup {
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    description: 'Bastion: SSH in from known addresses, SSH out into the VPC',
    allowAllOutbound: false,
  });
  for (const cidr of cidrs) group.addIngressRule(Peer.ipv4(cidr), Port.SSH, 'Known addresses');
  group.addEgressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.SSH, 'Jump into the VPC');
  return group;
}

/** The boot script with its value between the first line and the rest. */
function bootWith(keys: readonly string[]): string {
  const [shebang = '', ...script] = readFileSync(bootScript, 'utf8').split('\n');
  const lines = keys.map((key) => `restrict,port-forwarding ${key}`).join('\n');
  return [shebang, `CZAR_KEYS='${lines}'`, ...script].join('\n');
}
