import { Aws } from 'aws-cdk-lib';
import {
  GatewayVpcEndpointAwsService,
  type IGatewayVpcEndpoint,
  type ISecurityGroup,
  InterfaceVpcEndpointAwsService,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

export interface GuardedEndpointsProps {
  readonly vpc: IVpc;
  /** The study: buckets behind the S3 endpoint begin with it. */
  readonly pit: string;
}

/** Services whose resources, as well as callers, have to be of this account. */
const perimeter = {
  Kms: InterfaceVpcEndpointAwsService.KMS,
  Sns: InterfaceVpcEndpointAwsService.SNS,
  Sqs: InterfaceVpcEndpointAwsService.SQS,
  StepFunctions: InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
};

/**
 * Services that also serve resources of AWS's own accounts (public parameters, documents), or that
 * know no resource at all: only the caller is held to this account.
 */
const callersOnly = {
  Ssm: InterfaceVpcEndpointAwsService.SSM,
  SsmMessages: InterfaceVpcEndpointAwsService.SSM_MESSAGES,
  Ec2Messages: InterfaceVpcEndpointAwsService.EC2_MESSAGES,
  Sts: InterfaceVpcEndpointAwsService.STS,
};

/**
 * The VPC's doors to AWS, each with a policy: somebody else's credentials carried into the VPC,
 * or a bucket of somebody else's, are of no use there.
 *
 * An endpoint policy grants nothing: it is the most that may pass. So it names any action.
 */
export class GuardedEndpoints extends Construct {
  readonly storage: IGatewayVpcEndpoint;
  readonly securityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, { vpc, pit }: GuardedEndpointsProps) {
    super(scope, id);
    const storage = vpc.addGatewayEndpoint('StorageEndpoint', {
      service: GatewayVpcEndpointAwsService.S3,
    });
    // CloudFormation names a bucket after its stack, and DataStack is named after the study. AL2023
    // and the SSM agent of its image need no bucket: the worker installs no package at boot, and
    // an agent is renewed with the image.
    storage.addToPolicy(
      throughHere({ ofThisAccount: true, resources: [`arn:${Aws.PARTITION}:s3:::${pit}-data-*`] }),
    );
    const ledger = vpc.addGatewayEndpoint('LedgerEndpoint', {
      service: GatewayVpcEndpointAwsService.DYNAMODB,
    });
    ledger.addToPolicy(throughHere({ ofThisAccount: true }));

    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Interface endpoints: HTTPS from inside the VPC',
      allowAllOutbound: false,
    });
    securityGroup.addIngressRule(Peer.ipv4(vpc.vpcCidrBlock), Port.HTTPS, 'HTTPS from the VPC');
    for (const [services, ofThisAccount] of [
      [perimeter, true],
      [callersOnly, false],
    ] as const) {
      for (const [name, service] of Object.entries(services)) {
        vpc
          .addInterfaceEndpoint(`${name}Endpoint`, {
            service,
            subnets: { subnetGroupName: 'Isolated' },
            securityGroups: [securityGroup],
            open: false,
            privateDnsEnabled: true,
          })
          .addToPolicy(throughHere({ ofThisAccount }));
      }
    }
    this.storage = storage;
    this.securityGroup = securityGroup;
  }
}

/** Lets callers of this account pass, to its own resources or to any. */
function throughHere({
  ofThisAccount,
  resources = ['*'],
}: {
  readonly ofThisAccount: boolean;
  readonly resources?: string[];
}): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: ['*'],
    resources,
    conditions: {
      StringEquals: {
        'aws:PrincipalAccount': Aws.ACCOUNT_ID,
        ...(ofThisAccount ? { 'aws:ResourceAccount': Aws.ACCOUNT_ID } : {}),
      },
    },
  });
}
