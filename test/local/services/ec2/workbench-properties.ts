import { readFileSync } from 'node:fs';
import { sha256 } from './test-cloud.ts';
import { accountId, profileArn, region, storageKeyArn } from './worker-template.ts';

/** The properties of an instance as stacks/constructs/workbench.ts declares it. */
export const declaredWorkbench = (
  subnetId: string,
  userData: string,
  more: Record<string, unknown> = {},
) => ({
  AvailabilityZone: 'us-east-1a',
  BlockDeviceMappings: [
    {
      DeviceName: '/dev/xvda',
      Ebs: {
        DeleteOnTermination: true,
        Encrypted: true,
        KmsKeyId: storageKeyArn,
        VolumeSize: 16,
        VolumeType: 'gp3',
      },
    },
  ],
  IamInstanceProfile: profileArn,
  ImageId: 'ami-0123456789abcdef0',
  InstanceInitiatedShutdownBehavior: 'stop',
  InstanceType: 'm7i.large',
  MetadataOptions: { HttpPutResponseHopLimit: 1, HttpTokens: 'required' },
  Monitoring: true,
  PropagateTagsToVolumeOnCreation: true,
  SecurityGroupIds: ['sg-0123456789abcdef0'],
  SubnetId: subnetId,
  Tags: [{ Key: 'czar:system', Value: 'workbench' }],
  Tenancy: 'dedicated',
  UserData: Buffer.from(userData).toString('base64'),
  ...more,
});

const bootScript = new URL('../../../../stacks/user-data/workbench-boot.sh', import.meta.url);

/** The real boot script, with its values where the template has them. */
export function workbenchBoot(files: { readonly node: Buffer; readonly poller: Buffer }): string {
  const [shebang, ...script] = readFileSync(bootScript, 'utf8').split('\n');
  const values = Object.entries({
    CZAR_STUDY: 'czarhipaa',
    CZAR_REGION: region,
    CZAR_INPUT_BUCKET: 's3d',
    CZAR_ANCILLARY_BUCKET: 's3a',
    CZAR_LEDGER_TABLE: 'ledger',
    CZAR_SENSOR_TABLE: 'sensors',
    CZAR_ASSIGNMENT_TABLE: 'assignments',
    CZAR_DATA_KEY_ARN: `arn:aws:kms:${region}:${accountId}:key/data`,
    CZAR_QUEUE_URL: 'http://127.0.0.1:1/111122223333/czarhipaa-sensors',
    CZAR_DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/111122223333/czarhipaa-sensors-dead',
    CZAR_SEAL_AFTER_HOURS: '6',
    CZAR_NODE_SHA256: sha256(files.node),
    CZAR_POLLER_SHA256: sha256(files.poller),
  }).map(([name, value]) => `${name}='${value}'`);
  return [shebang, ...values, ...script].join('\n');
}
