import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  type IRole,
  PolicyDocument,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keyAdministration } from './key-administration.ts';

export interface DataKeyProps {
  readonly pit: string;
  /** The one role that may ever hold a grant, and decrypt an input. */
  readonly workerRole: IRole;
  /** May make data keys for inputs, and nothing else. */
  readonly uploaderRole: IRole;
  /** The same, and may decrypt results. */
  readonly researcherRole: IRole;
  /**
   * The role of E's poller: the same as the uploader.
   * @default none: a study without sensor ingest
   */
  readonly pollerRole?: IRole;
}

/**
 * HomerKey: the study's data key, under which everything is encrypted on the client's side.
 *
 * The key policy alone says who uses it. IAM policies can hand out only grants, and grants only to
 * worker sessions, only to decrypt and to generate data keys, and only for one encryption context.
 * So while no batch runs, no principal can decrypt an input.
 *
 * @see encryptionContext in the model, for the three fields the conditions name
 */
export class DataKey extends Construct {
  readonly key: IKey;

  constructor(scope: Construct, id: string, props: DataKeyProps) {
    super(scope, id);
    const { pit, workerRole, uploaderRole, researcherRole, pollerRole } = props;
    const sessions = `arn:${Aws.PARTITION}:sts::${Aws.ACCOUNT_ID}:assumed-role/${workerRole.roleName}/*`;
    this.key = new Key(this, 'Resource', {
      alias: `${pit}/data`,
      description: `HomerKey: client-side encryption of study ${pit}`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          keyAdministration(),
          new PolicyStatement({
            sid: 'GrantToWorkersOnly',
            principals: [new AccountRootPrincipal()],
            actions: ['kms:CreateGrant'],
            resources: ['*'],
            conditions: {
              StringLike: { 'kms:GranteePrincipal': sessions },
              StringEquals: { 'kms:GrantConstraintType': 'EncryptionContextSubset' },
              'ForAllValues:StringEquals': {
                'kms:GrantOperations': ['Decrypt', 'GenerateDataKey'],
              },
              // Without it, a request without operations would pass the line above.
              Null: { 'kms:GrantOperations': 'false' },
            },
          }),
          new PolicyStatement({
            sid: 'EncryptInputs',
            principals: [
              uploaderRole,
              researcherRole,
              ...(pollerRole === undefined ? [] : [pollerRole]),
            ],
            actions: ['kms:GenerateDataKey'],
            resources: ['*'],
            conditions: {
              StringEquals: {
                'kms:EncryptionContext:study': pit,
                'kms:EncryptionContext:kind': 'input',
              },
            },
          }),
          new PolicyStatement({
            sid: 'DecryptResults',
            principals: [researcherRole],
            actions: ['kms:Decrypt'],
            resources: ['*'],
            conditions: {
              StringEquals: {
                'kms:EncryptionContext:study': pit,
                'kms:EncryptionContext:kind': 'result',
              },
            },
          }),
          new PolicyStatement({
            sid: 'InputsForWorkersOnly',
            effect: Effect.DENY,
            principals: [new AnyPrincipal()],
            actions: ['kms:Decrypt', 'kms:ReEncryptFrom'],
            resources: ['*'],
            conditions: {
              StringEquals: { 'kms:EncryptionContext:kind': 'input' },
              ArnNotEquals: { 'aws:PrincipalArn': workerRole.roleArn },
            },
          }),
        ],
      }),
    });
  }
}
