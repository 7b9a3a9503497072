import { readFileSync } from 'node:fs';
import { Aws, Fn } from 'aws-cdk-lib';
import {
  AmazonLinuxCpuType,
  CfnLaunchTemplate,
  type ISecurityGroup,
  MachineImage,
} from 'aws-cdk-lib/aws-ec2';
import { CfnInstanceProfile } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { tagKeys } from '../../workflow/model/tags.ts';
import type { CzarConfig } from '../config.ts';
import type { DataStack } from '../data-stack.ts';
import type { WorkerArtifacts } from '../worker-artifacts.ts';

export interface WorkerTemplateProps {
  readonly config: CzarConfig;
  readonly data: DataStack;
  readonly securityGroup: ISecurityGroup;
  readonly artifacts: WorkerArtifacts;
}

const bootScript = new URL('../user-data/worker-boot.sh', import.meta.url);

/** Where the scratch volume is attached; the boot script formats and mounts it. */
const scratchDevice = '/dev/sdf';

/**
 * The launch template of workers (W): a machine of its own, everything on it encrypted, nothing on
 * it outliving it.
 */
export class WorkerTemplate extends Construct {
  readonly resource: CfnLaunchTemplate;

  constructor(scope: Construct, id: string, props: WorkerTemplateProps) {
    super(scope, id);
    const { config, data, securityGroup } = props;
    const profile = new CfnInstanceProfile(this, 'Profile', { roles: [data.workerRole.roleName] });
    const tags = [
      { key: tagKeys.study, value: config.pit },
      { key: 'Name', value: `${config.pit} worker` },
    ];
    const volume = {
      encrypted: true,
      kmsKeyId: data.storageKey.keyArn,
      deleteOnTermination: true,
      volumeType: 'gp3',
    };
    // Each deployment takes the newest image of AL2023; a running worker is never patched, it ends.
    const image = MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.X86_64 });
    this.resource = new CfnLaunchTemplate(this, 'Resource', {
      versionDescription: `Workers of study ${config.pit}`,
      tagSpecifications: [{ resourceType: 'launch-template', tags }],
      launchTemplateData: {
        imageId: image.getImage(this).imageId,
        instanceType: config.instanceType,
        iamInstanceProfile: { arn: profile.attrArn },
        placement: { tenancy: config.tenancy },
        // The subnets are the caller's to choose: isolated ones, which give no public address.
        securityGroupIds: [securityGroup.securityGroupId],
        blockDeviceMappings: [
          { deviceName: '/dev/xvda', ebs: { ...volume, volumeSize: 16 } },
          { deviceName: scratchDevice, ebs: { ...volume, volumeSize: config.scratchGiB } },
        ],
        metadataOptions: {
          httpEndpoint: 'enabled',
          httpTokens: 'required',
          httpPutResponseHopLimit: 1,
          instanceMetadataTags: 'disabled',
        },
        // A worker that fails to boot turns itself off, and is gone.
        instanceInitiatedShutdownBehavior: 'terminate',
        disableApiTermination: false,
        monitoring: { enabled: true },
        tagSpecifications: ['instance', 'volume', 'network-interface'].map((resourceType) => ({
          resourceType,
          tags,
        })),
        userData: Fn.base64(bootWith(props)),
      },
    });
  }
}

/** The boot script with its values between the first line and the rest. */
function bootWith({ config, data, artifacts }: WorkerTemplateProps): string {
  const [shebang = '', ...script] = readFileSync(bootScript, 'utf8').split('\n');
  const values = Object.entries({
    CZAR_STUDY: config.pit,
    CZAR_REGION: Aws.REGION,
    CZAR_INPUT_BUCKET: data.inputBucket.bucketName,
    CZAR_RESULT_BUCKET: data.resultBucket.bucketName,
    CZAR_ANCILLARY_BUCKET: data.ancillaryBucket.bucketName,
    CZAR_LEDGER_TABLE: data.ledger.tableName,
    CZAR_DATA_KEY_ARN: data.dataKey.keyArn,
    CZAR_NODE_SHA256: artifacts.node.sha256,
    CZAR_ENGINE_SHA256: artifacts.engine.sha256,
    CZAR_AGENT_SHA256: artifacts.agent.sha256,
  }).map(([name, value]) => `${name}='${value}'`);
  return [shebang, ...values, ...script].join('\n');
}
