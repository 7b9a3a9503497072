import { Stack, type StackProps } from 'aws-cdk-lib';
import { type ILaunchTemplate, type ISecurityGroup, LaunchTemplate } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { CzarConfig } from './config.ts';
import { ArtifactPublisher } from './constructs/artifact-publisher.ts';
import { closedSecurityGroup } from './constructs/closed-security-group.ts';
import { workerDocument } from './constructs/worker-document.ts';
import { WorkerTemplate } from './constructs/worker-template.ts';
import type { DataStack } from './data-stack.ts';
import type { NetworkStack } from './network-stack.ts';
import type { WorkerArtifacts } from './worker-artifacts.ts';

export interface WorkersStackProps extends StackProps {
  readonly config: CzarConfig;
  readonly network: NetworkStack;
  readonly data: DataStack;
  readonly artifacts: WorkerArtifacts;
}

/** What it takes to launch and drive workers (W). None runs until a batch does. */
export class WorkersStack extends Stack {
  readonly launchTemplate: ILaunchTemplate;
  readonly launchTemplateId: string;
  /** The version that this deployment made: a batch does not run on another one unawares. */
  readonly launchTemplateVersion: string;
  /** The isolated subnets, one per zone. */
  readonly subnetIds: string[];
  readonly workerDocumentName: string;
  readonly workerSecurityGroup: ISecurityGroup;

  constructor(scope: Construct, id: string, props: WorkersStackProps) {
    const { config, network, data, artifacts, ...stackProps } = props;
    super(scope, id, stackProps);
    this.workerSecurityGroup = closedSecurityGroup(this, 'SecurityGroup', {
      network,
      description: 'Workers: nothing in, HTTPS to endpoints out',
      gatewayPrefixLists: config.gatewayPrefixLists,
      gatewayRule: 'S3 and DynamoDB: the isolated routes know no other',
    });
    const template = new WorkerTemplate(this, 'Template', {
      config,
      data,
      artifacts,
      securityGroup: this.workerSecurityGroup,
    });
    const publisher = new ArtifactPublisher(this, 'Artifacts', {
      bucket: data.ancillaryBucket,
      storageKey: data.storageKey,
    });
    template.node.addDependency(
      publisher.publish('Node', artifacts.node),
      publisher.publish('Engine', artifacts.engine),
      publisher.publish('Agent', artifacts.agent),
    );
    this.launchTemplateId = template.resource.ref;
    this.launchTemplateVersion = template.resource.attrLatestVersionNumber;
    this.launchTemplate = LaunchTemplate.fromLaunchTemplateAttributes(this, 'LaunchTemplate', {
      launchTemplateId: this.launchTemplateId,
      versionNumber: this.launchTemplateVersion,
    });
    this.subnetIds = network.vpc.selectSubnets({ subnetGroupName: 'Isolated' }).subnetIds;
    this.workerDocumentName = workerDocument(this, 'Document').ref;
  }
}
