import { Stack, type StackProps, Validations } from 'aws-cdk-lib';
import {
  type IGatewayVpcEndpoint,
  type ISecurityGroup,
  type IVpc,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { CzarConfig } from './config.ts';
import { GuardedEndpoints } from './constructs/guarded-endpoints.ts';

export interface NetworkStackProps extends StackProps {
  readonly config: CzarConfig;
}

/**
 * V: one VPC over two zones with public (Spublic), private (Sprivate) and isolated subnets.
 *
 * Workers live on the isolated ones, whose route tables know the VPC and the two gateway endpoints
 * and nothing else. The flow log is in DataStack, beside the bucket and key that keep it.
 */
export class NetworkStack extends Stack {
  readonly vpc: IVpc;
  /** Every call to S3 from inside V passes here: S3D is read through it or not at all. */
  readonly storageEndpoint: IGatewayVpcEndpoint;
  /** Where the interface endpoints listen. */
  readonly endpointSecurityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, { config, ...props }: NetworkStackProps) {
    super(scope, id, props);
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: config.egress === 'nat' ? 1 : 0,
      // Stripping the default group of its rules takes a custom resource with rights on every
      // security group. Nothing is in that group; docs/deploy.md has the one command instead.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false, cidrMask: 24 },
        {
          name: 'Private',
          subnetType:
            config.egress === 'nat' ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED,
          cidrMask: 22,
        },
        { name: 'Isolated', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
      ],
    });
    const endpoints = new GuardedEndpoints(this, 'Endpoints', { vpc, pit: config.pit });
    this.vpc = vpc;
    this.storageEndpoint = endpoints.storage;
    this.endpointSecurityGroup = endpoints.securityGroup;
    waiveChecks(vpc, endpoints);
  }
}

function waiveChecks(vpc: Vpc, endpoints: GuardedEndpoints): void {
  Validations.of(vpc).acknowledge(
    {
      id: 'HIPAA.Security-VPCDefaultSecurityGroupClosed',
      reason: 'CloudFormation cannot do it; docs/deploy.md has the command, and nothing is in it',
    },
    {
      id: 'HIPAA.Security-VPCFlowLogsEnabled',
      reason: 'The flow log is in DataStack, beside the bucket and key that keep it',
    },
    {
      id: 'HIPAA.Security-VPCNoUnrestrictedRouteToIGW',
      reason: 'The public subnets hold a NAT gateway or a bastion, by option, and else nothing',
    },
  );
  for (const id of ['EC2RestrictedCommonPorts', 'EC2RestrictedSSH']) {
    Validations.of(endpoints).acknowledge({
      id: `HIPAA.Security-${id}`,
      reason: 'The check cannot resolve the range of the VPC, the only one let in, on port 443',
    });
  }
}
