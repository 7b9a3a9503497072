import type { InstanceNetwork } from '../api.ts';
import type { PolicyDocument } from '../policy/document.ts';

/** What EC2 knows of a VPC's ways out. */
export interface VpcExits {
  endpoints(vpcId: string): readonly {
    readonly vpcEndpointId: string;
    /** Last part of the endpoint's service name, e.g. `s3`. */
    readonly service: string;
    readonly policy: PolicyDocument | undefined;
  }[];
  /** Whether a NAT gateway lets instances reach services that have no endpoint. */
  hasNat(vpcId: string): boolean;
}

/** Services whose endpoint is called otherwise than their signatures. */
const endpointNames: Readonly<Record<string, string>> = { ses: 'email' };

/** All machines share the loopback interface, so that their addresses cannot be told apart. */
const anyPrivateIp = '10.0.0.1';
const anyPublicIp = '127.0.0.1';

/**
 * The routes of instances: the VPC's endpoint of the service where there is one, else out through NAT, else none.
 *
 * Subnets are not told apart: a NAT gateway anywhere in a VPC lets all its instances out.
 */
export function instanceRoutes(exits: VpcExits): InstanceNetwork {
  return {
    routeTo: ({ vpcId }, signingName) => {
      const name = endpointNames[signingName] ?? signingName;
      const endpoint = exits.endpoints(vpcId).find(({ service }) => service === name);
      if (endpoint === undefined)
        return exits.hasNat(vpcId) ? { kind: 'internet', sourceIp: anyPublicIp } : undefined;
      const { vpcEndpointId: endpointId, policy } = endpoint;
      return {
        kind: 'endpoint',
        endpointId,
        privateIp: anyPrivateIp,
        ...(policy === undefined ? {} : { policy }),
      };
    },
  };
}
