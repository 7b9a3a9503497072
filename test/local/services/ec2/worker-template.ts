export const accountId = '111122223333';
export const region = 'us-east-1';
export const roleArn = `arn:aws:iam::${accountId}:role/Worker`;
export const profileArn = `arn:aws:iam::${accountId}:instance-profile/Worker`;
export const storageKeyArn = `arn:aws:kms:${region}:${accountId}:key/storage`;

/** A boot that is done at once. */
export const quickBoot = '#!/bin/bash\nexit 0\n';

/** Launch template data as stacks/constructs/worker-template.ts writes it. */
export function launchTemplateData(userData: string) {
  const Ebs = {
    Encrypted: true,
    KmsKeyId: storageKeyArn,
    DeleteOnTermination: true,
    VolumeType: 'gp3',
  };
  const Tags = [
    { Key: 'czar:study', Value: 'czarhipaa' },
    { Key: 'Name', Value: 'czarhipaa worker' },
  ];
  return {
    ImageId: 'ami-0123456789abcdef0',
    InstanceType: 'm7i.large',
    IamInstanceProfile: { Arn: profileArn },
    Placement: { Tenancy: 'dedicated' },
    SecurityGroupIds: ['sg-0123456789abcdef0'],
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { ...Ebs, VolumeSize: 16 } },
      { DeviceName: '/dev/sdf', Ebs: { ...Ebs, VolumeSize: 100 } },
    ],
    MetadataOptions: {
      HttpEndpoint: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
    },
    InstanceInitiatedShutdownBehavior: 'terminate',
    DisableApiTermination: false,
    Monitoring: { Enabled: true },
    TagSpecifications: ['instance', 'volume', 'network-interface'].map((ResourceType) => ({
      ResourceType,
      Tags,
    })),
    UserData: Buffer.from(userData).toString('base64'),
  };
}
