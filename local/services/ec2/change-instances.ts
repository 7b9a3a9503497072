import * as z from 'zod';
import { ApiError, type Call, type Surroundings } from '../../api.ts';
import { findInstance } from './describe-instances.ts';
import type { Fleet } from './fleet.ts';
import { describeState, type Instance, type InstanceState } from './instance.ts';
import { instanceAccess } from './instance-access.ts';
import type { XmlValue } from './query-response.ts';
import { stateReasons } from './state-reasons.ts';

/** Neither a forced stop nor hibernation is supported. */
export const ChangeInput = z.strictObject({ InstanceId: z.array(z.string()).min(1).max(1000) });

interface Change {
  readonly eventName: 'StopInstances' | 'StartInstances' | 'TerminateInstances';
  /** States in which it can be asked for; in some it changes nothing. */
  readonly possible: readonly InstanceState[];
  readonly verb: 'stopped' | 'started' | 'terminated';
  readonly begin: (instance: Instance, fleet: Fleet) => void;
}

const stop: Change = {
  eventName: 'StopInstances',
  possible: ['pending', 'running', 'stopping', 'stopped'],
  verb: 'stopped',
  begin: (instance, fleet) => fleet.stop(instance),
};

const start: Change = {
  eventName: 'StartInstances',
  possible: ['pending', 'running', 'stopped'],
  verb: 'started',
  begin: (instance, fleet) => fleet.start(instance),
};

const terminate: Change = {
  eventName: 'TerminateInstances',
  possible: ['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'],
  verb: 'terminated',
  begin: (instance, fleet) => fleet.terminate(instance, stateReasons.asked),
};

type Place = { readonly fleet: Fleet; readonly surroundings: Surroundings };

/**
 * Makes an operation that changes the state of instances: of all of them, or of none where one is
 * unknown, may not be changed, or is not in a state for it. It answers at once.
 */
const changing =
  ({ eventName, possible, verb, begin }: Change) =>
  (
    { InstanceId: ids }: z.infer<typeof ChangeInput>,
    call: Call,
    { fleet, surroundings }: Place,
  ): Record<string, XmlValue> => {
    const items = ids.map((instanceId) => ({ instanceId }));
    const record = {
      eventName,
      readOnly: false,
      requestParameters: { instancesSet: { items } },
    };
    call.record(record);
    const instances = [...new Set(ids)].map((id) => {
      call.authorize(instanceAccess(`ec2:${eventName}`, id, surroundings, fleet));
      return findInstance(id, fleet);
    });
    for (const { instanceId, state } of instances) {
      if (possible.includes(state)) continue;
      throw new ApiError(
        'IncorrectInstanceState',
        `The instance '${instanceId}' is not in a state from which it can be ${verb}.`,
      );
    }
    const changes = instances.map((instance) => {
      const previousState = describeState(instance.state);
      begin(instance, fleet);
      const currentState = describeState(instance.state);
      return { instanceId: instance.instanceId, currentState, previousState };
    });
    call.record({ ...record, responseElements: { instancesSet: { items: changes } } });
    return { instancesSet: changes };
  };

/** Terminates instances: they are `shutting-down` until nothing of them is left. */
export const terminateInstances = changing(terminate);

/** Stops instances: they are `stopping` until none of their processes is left. */
export const stopInstances = changing(stop);

/** Starts stopped instances, with the disks that they had. */
export const startInstances = changing(start);
