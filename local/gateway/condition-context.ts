import type { CloudCaller, Route } from '../api.ts';
import type { ContextValues } from '../policy/request-context.ts';

/** Where and when a call comes in. */
export interface Arrival {
  readonly time: Date;
  readonly region: string;
  /** The address of a call that does not pass an endpoint. */
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  /** Set for calls of an instance. */
  readonly route?: Route;
}

function callerKeys(caller: CloudCaller): ContextValues {
  const tags = Object.entries(caller.principalTags ?? {});
  return {
    'aws:userid': caller.userId,
    'aws:MultiFactorAuthPresent':
      caller.multiFactor ?? (caller.type === 'AssumedRole' ? false : undefined),
    'aws:TokenIssueTime': caller.sessionStart?.toISOString(),
    'aws:Ec2InstanceSourceVpc': caller.instance?.vpcId,
    ...Object.fromEntries(tags.map(([name, value]) => [`aws:PrincipalTag/${name}`, value])),
  };
}

function routeKeys({ route, sourceIp }: Arrival, caller: CloudCaller): ContextValues {
  if (route?.kind === 'endpoint') {
    return {
      'aws:SourceVpc': caller.instance?.vpcId,
      'aws:SourceVpce': route.endpointId,
      'aws:VpcSourceIp': route.privateIp,
    };
  }
  return { 'aws:SourceIp': route?.sourceIp ?? sourceIp };
}

/**
 * The global condition keys of a call.
 *
 * `aws:SecureTransport` is true: the loopback interface stands for TLS. It cannot be otherwise, as the gateway listens
 * on 127.0.0.1 only.
 */
export function conditionContext(caller: CloudCaller, arrival: Arrival): ContextValues {
  return {
    ...timeKeys(arrival),
    ...callerKeys(caller),
    ...routeKeys(arrival, caller),
    'aws:ViaAWSService': false,
    'aws:UserAgent': arrival.userAgent,
  };
}

/**
 * The global condition keys of a call that a service makes on a caller's behalf.
 *
 * Where the caller's own call came from is not among them: the service's comes from the service.
 */
export function viaContext(
  caller: CloudCaller,
  arrival: Arrival,
  serviceHost: string,
): ContextValues {
  const service = serviceHost.split('.')[0] ?? serviceHost;
  return {
    ...timeKeys(arrival),
    ...callerKeys(caller),
    'aws:ViaAWSService': true,
    'aws:CalledVia': [`${service}.amazonaws.com`],
    'aws:CalledViaFirst': `${service}.amazonaws.com`,
    'aws:CalledViaLast': `${service}.amazonaws.com`,
    'kms:ViaService': serviceHost.includes('.')
      ? serviceHost
      : `${service}.${arrival.region}.amazonaws.com`,
  };
}

/** The global condition keys of a call that never leaves the cloud: a service's, or a role's that a service acts as. */
export function internalContext(
  caller: CloudCaller,
  when: Pick<Arrival, 'time' | 'region'>,
): ContextValues {
  return { ...timeKeys(when), ...callerKeys(caller), 'aws:ViaAWSService': false };
}

function timeKeys({ time, region }: Pick<Arrival, 'time' | 'region'>): ContextValues {
  return {
    'aws:CurrentTime': time.toISOString(),
    'aws:EpochTime': Math.floor(time.getTime() / 1000),
    'aws:SecureTransport': true,
    'aws:RequestedRegion': region,
  };
}
