import type { PolicyDocument } from './document.ts';

/** Who makes a call: what the gateway knows once the signature is verified. */
export interface Caller {
  /** The caller's account; of no meaning for a service. */
  readonly accountId: string;
  /** The session, user, certificate or account root ARN; for a service its name, as in `s3.amazonaws.com`. */
  readonly principalArn: string;
  /**
   * The role behind an assumed-role session. Derived from the session when absent, which loses a
   * role's path.
   */
  readonly roleArn?: string;
  readonly type: 'AssumedRole' | 'User' | 'Root' | 'Service' | 'Certificate';
  /**
   * The policies attached to the role or user, or the AWS IoT policies attached to the certificate.
   * For a service they allow nothing.
   */
  readonly identityPolicies: readonly {
    readonly name: string;
    readonly document: PolicyDocument;
  }[];
}

const sessionArn = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\/[^/]+$/;

/** The ARN of the role whose session the caller is; undefined for every other kind of caller. */
export function roleOf(caller: Caller): string | undefined {
  if (caller.type !== 'AssumedRole') return undefined;
  if (caller.roleArn !== undefined) return caller.roleArn;
  const [, partition, account, role] = sessionArn.exec(caller.principalArn) ?? [];
  return role === undefined
    ? undefined
    : `arn:${partition ?? ''}:iam::${account ?? ''}:role/${role}`;
}
