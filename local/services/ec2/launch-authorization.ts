import type { Access, Call, StorageKeys, Surroundings } from '../../api.ts';
import { type InstanceSpecification, type TaggedResource, taggedResources } from './instance.ts';
import type { LaunchTemplate } from './launch-template.ts';

type Context = NonNullable<Access['context']>;

/** Where a launch happens: what ARNs and contexts name. */
type Place = Pick<Surroundings, 'accountId' | 'region'>;

const arnOf = ({ accountId, region }: Place, resource: string): string =>
  `arn:aws:ec2:${region}:${accountId}:${resource}`;

/** What every resource of a launch from a template has in its context. */
const templateContext = (place: Place, templateId: string): Context => ({
  'ec2:Region': place.region,
  'ec2:LaunchTemplate': arnOf(place, `launch-template/${templateId}`),
  'ec2:IsLaunchTemplateResource': true,
});

/** Holds the use of a launch template against the policies, be there such a template or not. */
export function authorizeTemplate(call: Call, place: Place, templateId: string): void {
  call.authorize({
    action: 'ec2:RunInstances',
    resource: arnOf(place, `launch-template/${templateId}`),
    context: templateContext(place, templateId),
  });
}

/**
 * Holds each other resource that a launch makes or uses against the policies, one by one as EC2
 * does, then the role that the instance gets and the keys of its volumes.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function authorizeLaunch(
  call: Call,
  {
    surroundings: place,
    storageKeys,
  }: { readonly surroundings: Place; readonly storageKeys: StorageKeys },
  {
    template: { id: templateId, data },
    specification,
  }: { readonly template: LaunchTemplate; readonly specification: InstanceSpecification },
): void {
  const { region } = place;
  const { subnet, tags } = specification;
  const arn = (resource: string): string => arnOf(place, resource);
  const requestTags = (type: TaggedResource): Context => ({
    ...Object.fromEntries(
      Object.entries(tags[type]).map(([key, value]) => [`aws:RequestTag/${key}`, value]),
    ),
    'aws:TagKeys': Object.keys(tags[type]),
  });
  const run = (resource: string, context: Context): void =>
    call.authorize({
      action: 'ec2:RunInstances',
      resource,
      context: { ...templateContext(place, templateId), ...context },
    });
  const zone = { 'ec2:AvailabilityZone': subnet.availabilityZone };
  const vpc = { 'ec2:Vpc': arn(`vpc/${subnet.vpcId}`) };

  run(arn('instance/*'), {
    ...requestTags('instance'),
    ...zone,
    'ec2:InstanceProfile': specification.instanceProfileArn,
    'ec2:InstanceType': specification.instanceType,
    'ec2:MetadataHttpEndpoint': data.MetadataOptions.HttpEndpoint,
    'ec2:MetadataHttpPutResponseHopLimit': data.MetadataOptions.HttpPutResponseHopLimit,
    'ec2:MetadataHttpTokens': data.MetadataOptions.HttpTokens,
    'ec2:RootDeviceType': 'ebs',
    'ec2:Tenancy': specification.tenancy,
  });
  for (const { Ebs } of data.BlockDeviceMappings) {
    run(arn('volume/*'), {
      ...requestTags('volume'),
      ...zone,
      'ec2:Encrypted': true,
      'ec2:KmsKeyId': Ebs.KmsKeyId,
      'ec2:VolumeSize': Ebs.VolumeSize,
      'ec2:VolumeType': Ebs.VolumeType,
    });
  }
  run(arn('network-interface/*'), {
    ...requestTags('network-interface'),
    ...zone,
    ...vpc,
    'ec2:AssociatePublicIpAddress': false,
    'ec2:Subnet': arn(`subnet/${subnet.subnetId}`),
  });
  run(arn(`subnet/${subnet.subnetId}`), { ...zone, ...vpc, 'ec2:SubnetID': subnet.subnetId });
  for (const group of specification.securityGroupIds) {
    run(arn(`security-group/${group}`), { ...vpc, 'ec2:SecurityGroupID': group });
  }
  run(`arn:aws:ec2:${region}::image/${data.ImageId}`, { 'ec2:ImageID': data.ImageId });

  for (const type of taggedResources) {
    if (Object.keys(tags[type]).length === 0) continue;
    call.authorize({
      action: 'ec2:CreateTags',
      resource: arn(`${type}/*`),
      context: { ...requestTags(type), 'ec2:Region': region, 'ec2:CreateAction': 'RunInstances' },
    });
  }
  call.authorize({
    action: 'iam:PassRole',
    resource: specification.roleArn,
    context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
  });
  for (const key of new Set(data.BlockDeviceMappings.map(({ Ebs }) => Ebs.KmsKeyId))) {
    if (key !== undefined) storageKeys.attach(call, `ec2.${region}.amazonaws.com`, key);
  }
}
