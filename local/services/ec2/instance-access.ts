import type { Access, Surroundings } from '../../api.ts';
import type { Fleet } from './fleet.ts';

/**
 * What is asked of the policies before something is done to an instance.
 *
 * One that does not exist has no tags: who may not touch every instance is not told that it is
 * missing.
 */
export function instanceAccess(
  action: string,
  instanceId: string,
  { accountId, region }: Pick<Surroundings, 'accountId' | 'region'>,
  fleet: Fleet,
): Access {
  const instance = fleet.find(instanceId);
  const service = action.split(':')[0] ?? '';
  // SSM writes its own key with a small letter.
  const own = service === 'ssm' ? 'ssm:resourceTag' : `${service}:ResourceTag`;
  const tags = Object.entries(instance?.tags.instance ?? {});
  return {
    action,
    resource: `arn:aws:ec2:${region}:${accountId}:instance/${instanceId}`,
    context: {
      ...Object.fromEntries(
        tags.flatMap(([key, value]) => [
          [`aws:ResourceTag/${key}`, value],
          [`${own}/${key}`, value],
        ]),
      ),
      ...(service === 'ec2' && {
        'ec2:InstanceID': instanceId,
        'ec2:InstanceType': instance?.instanceType,
        'ec2:Region': region,
        'ec2:Tenancy': instance?.tenancy,
      }),
    },
  };
}
