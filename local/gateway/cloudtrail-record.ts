import { randomUUID } from 'node:crypto';
import type { CallRecord, CloudCaller } from '../api.ts';
import { roleOf } from '../policy/caller.ts';

/** Who called, as CloudTrail writes it. */
export interface UserIdentity {
  /** `Certificate` is not CloudTrail's: what devices do stands in AWS IoT's own logs there. */
  readonly type: 'AssumedRole' | 'AWSService' | 'Certificate' | 'Unknown';
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly invokedBy?: string;
  readonly sessionContext?: {
    readonly sessionIssuer: {
      readonly type: 'Role';
      readonly principalId: string;
      readonly arn: string;
      readonly accountId: string;
      readonly userName: string;
    };
    readonly attributes: {
      readonly creationDate: string;
      readonly mfaAuthenticated: 'true' | 'false';
    };
    /** How an instance got its credentials; `2.0` is the session-oriented metadata service. */
    readonly ec2RoleDelivery?: '2.0';
  };
}

/**
 * One call in CloudTrail's record shape.
 *
 * @see AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"
 */
export interface CloudTrailRecord {
  readonly eventVersion: '1.11';
  readonly userIdentity: UserIdentity;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  readonly responseElements: Readonly<Record<string, unknown>> | null;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources?: CallRecord['resources'];
  readonly eventType: 'AwsApiCall';
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  readonly eventCategory: 'Management' | 'Data';
  readonly vpcEndpointId?: string;
}

/** What a record says besides who called and what the service told. */
export interface CallOutcome {
  readonly accountId: string;
  readonly region: string;
  readonly time: Date;
  readonly requestId: string;
  /** As in `s3.amazonaws.com`. */
  readonly eventSource: string;
  readonly sourceIpAddress: string;
  readonly userAgent: string;
  /** The call as the service described it; a call refused before that has a name at most. */
  readonly details: Partial<CallRecord> & Pick<CallRecord, 'eventName'>;
  readonly error?: { readonly code: string; readonly message: string };
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly vpcEndpointId?: string;
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function userIdentity(caller: CloudCaller | undefined, time: Date): UserIdentity {
  if (caller === undefined) return { type: 'Unknown' };
  if (caller.type === 'Service') return { type: 'AWSService', invokedBy: caller.principalArn };
  if (caller.type === 'Certificate') {
    const { principalArn: arn, accountId } = caller;
    return {
      type: 'Certificate',
      principalId: arn.slice(arn.lastIndexOf('/') + 1),
      arn,
      accountId,
    };
  }
  const roleArn = roleOf(caller) ?? caller.principalArn;
  const { userId = '', accountId } = caller;
  return {
    type: 'AssumedRole',
    principalId: userId,
    arn: caller.principalArn,
    accountId,
    ...(caller.accessKeyId === undefined ? {} : { accessKeyId: caller.accessKeyId }),
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: userId.split(':')[0] ?? '',
        arn: roleArn,
        accountId,
        userName: roleArn.slice(roleArn.lastIndexOf('/') + 1),
      },
      attributes: {
        creationDate: seconds(caller.sessionStart ?? time),
        mfaAuthenticated: caller.multiFactor === true ? 'true' : 'false',
      },
      ...(caller.instance === undefined ? {} : { ec2RoleDelivery: '2.0' }),
    },
  };
}

/** The record of one call; the caller is unknown where the signature said nothing. */
export function cloudTrailRecord(
  caller: CloudCaller | undefined,
  outcome: CallOutcome,
): CloudTrailRecord {
  const { details, error, time } = outcome;
  return {
    eventVersion: '1.11',
    userIdentity: userIdentity(caller, time),
    eventTime: seconds(time),
    eventSource: outcome.eventSource,
    eventName: details.eventName,
    awsRegion: outcome.region,
    sourceIPAddress: outcome.sourceIpAddress,
    userAgent: outcome.userAgent,
    ...(error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }),
    requestParameters: details.requestParameters ?? null,
    responseElements: error === undefined ? (details.responseElements ?? null) : null,
    ...(outcome.additionalEventData === undefined
      ? {}
      : { additionalEventData: outcome.additionalEventData }),
    requestID: outcome.requestId,
    eventID: randomUUID(),
    readOnly: details.readOnly ?? false,
    ...(details.resources === undefined ? {} : { resources: details.resources }),
    eventType: 'AwsApiCall',
    managementEvent: details.dataEvent !== true,
    recipientAccountId: outcome.accountId,
    eventCategory: details.dataEvent === true ? 'Data' : 'Management',
    ...(outcome.vpcEndpointId === undefined ? {} : { vpcEndpointId: outcome.vpcEndpointId }),
  };
}
