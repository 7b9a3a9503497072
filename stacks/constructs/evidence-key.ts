import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keyAdministration } from './key-administration.ts';

export interface EvidenceKeyProps {
  readonly pit: string;
  /** Whose function signs the evidence of each run. */
  readonly writerRole: IRole;
  /** Signs evidence that was composed anew, with an access log. */
  readonly auditorRole: IRole;
}

/**
 * The key that signs evidence: a pair of which AWS never lets the private half out.
 *
 * Its policy alone says who signs, and IAM policies can hand out neither that nor a grant. It is not
 * rotated, because KMS rotates no pair, and outlives its stack; the public half travels with every
 * bundle, so that evidence can be verified when the key is gone.
 */
export class EvidenceKey extends Construct {
  readonly key: IKey;

  constructor(scope: Construct, id: string, { pit, writerRole, auditorRole }: EvidenceKeyProps) {
    super(scope, id);
    const principals = [writerRole, auditorRole];
    this.key = new Key(this, 'Resource', {
      alias: `${pit}/evidence`,
      description: `Signs the evidence of study ${pit}`,
      keySpec: KeySpec.ECC_NIST_P384,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          keyAdministration(),
          new PolicyStatement({
            sid: 'SignEvidence',
            principals,
            actions: ['kms:Sign'],
            resources: ['*'],
            conditions: {
              StringEquals: {
                'kms:SigningAlgorithm': 'ECDSA_SHA_384',
                'kms:MessageType': 'DIGEST',
              },
            },
          }),
          new PolicyStatement({
            sid: 'TellThePublicKey',
            principals,
            actions: ['kms:GetPublicKey'],
            resources: ['*'],
          }),
        ],
      }),
    });
  }
}
