import type { CloudCaller } from '../../api.ts';
import type { Target } from '../../assembly/cloud-assembly.ts';

/**
 * Who deploys: CloudFormation under the execution role of CDK's bootstrap, which may do everything.
 *
 * It calls the functions of custom resources and nothing else, is gone once the stacks stand, and has no credentials
 * that anyone could get.
 */
export function deploymentCaller({ accountId, region }: Target): CloudCaller {
  const role = `cdk-hnb659fds-cfn-exec-role-${accountId}-${region}`;
  return {
    type: 'AssumedRole',
    accountId,
    principalArn: `arn:aws:sts::${accountId}:assumed-role/${role}/AWSCloudFormation`,
    roleArn: `arn:aws:iam::${accountId}:role/${role}`,
    sessionName: 'AWSCloudFormation',
    userId: 'AROAEMBEDDEDDEPLOYER:AWSCloudFormation',
    identityPolicies: [
      {
        name: 'AdministratorAccess',
        document: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: ['*'], Resource: ['*'] }],
        },
      },
    ],
  };
}
