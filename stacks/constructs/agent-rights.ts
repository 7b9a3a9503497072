import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';

/**
 * What the SSM agent needs to fetch and answer Run Command, and no more: the managed policy
 * `AmazonSSMManagedInstanceCore` could read every parameter of the account as well.
 */
export function agentRights(): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ['ssm:UpdateInstanceInformation', 'ssm:ListInstanceAssociations'],
      resources: [`arn:${Aws.PARTITION}:ec2:${Aws.REGION}:${Aws.ACCOUNT_ID}:instance/*`],
    }),
    // These two services know no resources: the agent's channel is its instance's own.
    new PolicyStatement({
      actions: [
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
      ],
      resources: ['*'],
    }),
  ];
}
