import * as z from 'zod';
import { type Access, ApiError, type Call, type Surroundings } from '../../api.ts';
import type { Attachments } from './attachments.ts';
import type { Tags } from './instance.ts';
import type { XmlValue } from './query-response.ts';

export const DeleteVolumeInput = z.strictObject({ VolumeId: z.string() });
export const DeleteInterfaceInput = z.strictObject({ NetworkInterfaceId: z.string() });

interface Deps {
  readonly attachments: Attachments;
  readonly surroundings: Pick<Surroundings, 'accountId' | 'region'>;
}

/** Deletes a volume that hangs on no instance. */
export function deleteVolume(
  { VolumeId: volumeId }: z.infer<typeof DeleteVolumeInput>,
  call: Call,
  { attachments, surroundings }: Deps,
): Record<string, XmlValue> {
  const requestParameters = { volumeId };
  call.record({ eventName: 'DeleteVolume', readOnly: false, requestParameters });
  const found = attachments.volumes().find(({ volume }) => volume.volumeId === volumeId);
  const tags = found?.instance.tags.volume;
  call.authorize(deletion('ec2:DeleteVolume', `volume/${volumeId}`, tags, surroundings));
  if (found === undefined) {
    throw new ApiError('InvalidVolume.NotFound', `The volume '${volumeId}' does not exist.`);
  }
  if (found.isAttached) {
    const { instanceId } = found.instance;
    throw new ApiError('VolumeInUse', `Volume ${volumeId} is currently attached to ${instanceId}`);
  }
  attachments.deleteVolume(volumeId);
  return { return: true };
}

/** Deletes a network interface that hangs on no instance. */
export function deleteNetworkInterface(
  { NetworkInterfaceId: id }: z.infer<typeof DeleteInterfaceInput>,
  call: Call,
  { attachments, surroundings }: Deps,
): Record<string, XmlValue> {
  const requestParameters = { networkInterfaceId: id };
  call.record({ eventName: 'DeleteNetworkInterface', readOnly: false, requestParameters });
  const found = attachments.interfaces().find(({ instance }) => instance.networkInterfaceId === id);
  const tags = found?.instance.tags['network-interface'];
  const resource = `network-interface/${id}`;
  call.authorize(deletion('ec2:DeleteNetworkInterface', resource, tags, surroundings));
  if (found === undefined) {
    throw new ApiError(
      'InvalidNetworkInterfaceID.NotFound',
      `The networkInterface ID '${id}' does not exist`,
    );
  }
  if (found.isAttached) {
    throw new ApiError('InvalidParameterValue', `Network interface '${id}' is currently in use.`);
  }
  attachments.deleteInterface(id);
  return { return: true };
}

/** What does not exist has no tags: who may not delete everything is not told that it is missing. */
function deletion(
  action: string,
  resource: string,
  tags: Tags = {},
  { accountId, region }: Deps['surroundings'],
): Access {
  const keys: Record<string, string> = {};
  for (const [key, value] of Object.entries(tags)) {
    keys[`aws:ResourceTag/${key}`] = value;
    keys[`ec2:ResourceTag/${key}`] = value;
  }
  return {
    action,
    resource: `arn:aws:ec2:${region}:${accountId}:${resource}`,
    context: { ...keys, 'ec2:Region': region },
  };
}
