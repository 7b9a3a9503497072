import { text } from 'node:stream/consumers';
import process from 'node:process';
import type * as z from 'zod';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type DeclaredResource,
  type Service,
  type StorageKeys,
  type Surroundings,
} from '../../api.ts';
import {
  ChangeInput,
  startInstances,
  stopInstances,
  terminateInstances,
} from './change-instances.ts';
import { createDeclaredInstance } from './declared-instance.ts';
import {
  DeleteInterfaceInput,
  deleteNetworkInterface,
  deleteVolume,
  DeleteVolumeInput,
} from './delete-attachments.ts';
import {
  DescribeInterfacesInput,
  describeNetworkInterfaces,
  describeSnapshots,
  DescribeSnapshotsInput,
  describeVolumes,
  DescribeVolumesInput,
} from './describe-attachments.ts';
import { describeInstances, DescribeInstancesInput } from './describe-instances.ts';
import { createFleet, type Fleet, type FleetOptions } from './fleet.ts';
import { type LaunchTemplate, onlyVersion, readLaunchTemplate } from './launch-template.ts';
import { createNetwork, type Network } from './network.ts';
import { newId } from './new-id.ts';
import { type Operation, operation } from './operation.ts';
import { readQueryParameters } from './query-parameters.ts';
import { apiVersion, queryResponse, type XmlValue } from './query-response.ts';
import { createRunInstances, type Limits, RunInstancesInput } from './run-instances.ts';

/** The embedded EC2, and what its neighbours and tests need of it. */
export interface Ec2Service extends Service {
  readonly fleet: Fleet;
  readonly network: Network;
  readonly limits: Limits;
}

export interface Ec2Options extends Partial<FleetOptions> {
  /** @default 64 */
  readonly instanceQuota?: number;
}

/**
 * Makes the embedded EC2: an instance is a supervised process with a directory of its own, which
 * runs the launch template's user data and then what Run Command sends it.
 */
export function createEc2Service(
  surroundings: Surroundings,
  storageKeys: StorageKeys,
  {
    instanceQuota = 64,
    graceSeconds = 5,
    imageSoftware = { 'bin/node': process.execPath },
  }: Ec2Options = {},
): Ec2Service {
  const network = createNetwork();
  const fleet = createFleet(surroundings, { graceSeconds, imageSoftware });
  const templates = new Map<string, LaunchTemplate>();
  const limits: Limits = { quota: instanceQuota, capacity: Infinity };
  const runInstances = createRunInstances({
    surroundings,
    fleet,
    network,
    storageKeys,
    templates,
    limits,
  });

  const describe = <Input>(
    eventName: string,
    schema: z.ZodType<Input>,
    answer: (input: Input, fleet: Fleet) => Record<string, XmlValue>,
  ): Operation =>
    operation(schema, (input, call) => {
      call.record({ eventName, readOnly: true });
      const context = { 'ec2:Region': surroundings.region };
      call.authorize({ action: `ec2:${eventName}`, resource: '*', context });
      return answer(input, fleet);
    });

  const orphanage = { attachments: fleet.attachments, surroundings };
  const operations = new Map<string, Operation>([
    ['RunInstances', operation(RunInstancesInput, runInstances)],
    ...(
      [
        ['TerminateInstances', terminateInstances],
        ['StopInstances', stopInstances],
        ['StartInstances', startInstances],
      ] as const
    ).map(([name, change]): [string, Operation] => [
      name,
      operation(ChangeInput, (input, call) => change(input, call, { fleet, surroundings })),
    ]),
    [
      'DeleteVolume',
      operation(DeleteVolumeInput, (input, call) => deleteVolume(input, call, orphanage)),
    ],
    [
      'DeleteNetworkInterface',
      operation(DeleteInterfaceInput, (input, call) =>
        deleteNetworkInterface(input, call, orphanage),
      ),
    ],
    ...(
      [
        ['DescribeInstances', DescribeInstancesInput, describeInstances],
        ['DescribeVolumes', DescribeVolumesInput, describeVolumes],
        ['DescribeNetworkInterfaces', DescribeInterfacesInput, describeNetworkInterfaces],
        ['DescribeSnapshots', DescribeSnapshotsInput, describeSnapshots],
      ] as const
    ).map(([name, schema, answer]) => [name, describe(name, schema, answer)] as const),
  ]);

  const createLaunchTemplate = (resource: DeclaredResource) => {
    const template = readLaunchTemplate(resource, newId('lt'));
    // A profile that no template declares is found out now, not at the first launch.
    surroundings.principals.instanceProfileRole(template.data.IamInstanceProfile.Arn);
    templates.set(template.id, template);
    return {
      ref: template.id,
      attributes: {
        LaunchTemplateId: template.id,
        DefaultVersionNumber: onlyVersion,
        LatestVersionNumber: onlyVersion,
      },
    };
  };

  return {
    signingName: 'ec2',
    protocol: 'ec2-query',
    fleet,
    network,
    limits,
    resources: [
      ...network.resources,
      { type: 'AWS::EC2::LaunchTemplate', create: createLaunchTemplate },
      {
        type: 'AWS::EC2::Instance',
        create: (resource) => createDeclaredInstance(resource, { surroundings, fleet, network }),
      },
    ],
    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const { Action, Version, ...parameters } = readQueryParameters(await text(request.body));
      const name = typeof Action === 'string' ? Action : '';
      call.record({ eventName: name, readOnly: name.startsWith('Describe') });
      const answer = operations.get(name);
      if (answer === undefined || Version !== apiVersion) {
        throw new ApiError(
          'UnsupportedOperation',
          `EC2 ${name} is not supported by the embedded cloud`,
          501,
        );
      }
      return queryResponse(name, call.requestId, answer(name, parameters, call));
    },
    stop: () => fleet.shutDown(),
  };
}
