import { parsePolicy, type PolicyDocument } from '../../../local/policy/document.ts';
import { decide, type AccessRequest, type Caller } from '../../../local/policy/evaluate.ts';

/** Account, role and session that the cases of the policy evaluator share. */
export const account = '111122223333';
export const otherAccount = '444455556666';
export const rootArn = `arn:aws:iam::${account}:root`;
export const roleArn = `arn:aws:iam::${account}:role/Worker`;
export const sessionArn = `arn:aws:sts::${account}:assumed-role/Worker/i-0abc`;
export const objectArn = 'arn:aws:s3:::input/in/v1/study/batch/object';
export const keyArn = `arn:aws:kms:eu-west-1:${account}:key/data`;

/** A policy of these statements, in the current version unless a case says otherwise. */
export function policy(...statements: object[]): PolicyDocument {
  return parsePolicy({ Version: '2012-10-17', Statement: statements }, 'Test');
}

/** A session of the role `Worker` with one identity policy of these statements. */
export function worker(...statements: object[]): Caller {
  const identityPolicies =
    statements.length === 0 ? [] : [{ name: 'WorkerPolicy', document: policy(...statements) }];
  return {
    accountId: account,
    principalArn: sessionArn,
    roleArn,
    type: 'AssumedRole',
    identityPolicies,
  };
}

export const user: Caller = {
  accountId: account,
  principalArn: `arn:aws:iam::${account}:user/staff/ana`,
  type: 'User',
  identityPolicies: [],
};

export const root: Caller = {
  accountId: account,
  principalArn: rootArn,
  type: 'Root',
  identityPolicies: [],
};

/** A service calling on its own account, as S3 does when it notifies a topic. */
export function service(principalArn: string): Caller {
  return { accountId: account, principalArn, type: 'Service', identityPolicies: [] };
}

/** A `GetObject` of the shared object, changed by what a case needs. */
export function request(changes: Partial<AccessRequest> = {}): AccessRequest {
  return { action: 's3:GetObject', resource: objectArn, context: {}, ...changes };
}

export function isAllowed(caller: Caller, changes: Partial<AccessRequest> = {}): boolean {
  return decide(caller, request(changes)).allowed;
}
