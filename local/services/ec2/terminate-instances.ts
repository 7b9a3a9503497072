import * as z from 'zod';
import type { Call, Surroundings } from '../../api.ts';
import { findInstance } from './describe-instances.ts';
import type { Fleet } from './fleet.ts';
import { describeState } from './instance.ts';
import { instanceAccess } from './instance-access.ts';
import type { XmlValue } from './query-response.ts';

export const TerminateInstancesInput = z.strictObject({
  InstanceId: z.array(z.string()).min(1).max(1000),
});

const reason = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: User initiated shutdown',
};

/**
 * Terminates instances: all of them, or none where one is unknown or may not be terminated.
 *
 * It answers at once; the instances are `shutting-down` until nothing of them is left.
 */
export function terminateInstances(
  { InstanceId: ids }: z.infer<typeof TerminateInstancesInput>,
  call: Call,
  { fleet, surroundings }: { readonly fleet: Fleet; readonly surroundings: Surroundings },
): Record<string, XmlValue> {
  const items = ids.map((instanceId) => ({ instanceId }));
  const record = {
    eventName: 'TerminateInstances',
    readOnly: false,
    requestParameters: { instancesSet: { items } },
  };
  call.record(record);
  const instances = [...new Set(ids)].map((id) => {
    call.authorize(instanceAccess('ec2:TerminateInstances', id, surroundings, fleet));
    return findInstance(id, fleet);
  });
  const changes = instances.map((instance) => {
    const previousState = describeState(instance.state);
    fleet.terminate(instance, reason);
    const currentState = describeState(instance.state);
    return { instanceId: instance.instanceId, currentState, previousState };
  });
  call.record({ ...record, responseElements: { instancesSet: { items: changes } } });
  return { instancesSet: changes };
}
