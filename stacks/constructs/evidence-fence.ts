import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { evidencePrefix } from '../../workflow/model/keys.ts';

/** The place of evidence in S3L, as policies name it. */
export const evidenceObjects = `${evidencePrefix}*`;

/**
 * Denies writing evidence to everybody but one role, and to that one to write it twice.
 *
 * S3L takes objects of AWS's log services, who send no `If-None-Match`, so its own protection is the
 * lock of each version: a second version would not change the first, and yet be what a reader gets.
 */
export function evidenceFence(bucket: IBucket, writerRole: IRole): PolicyStatement[] {
  const deny = (sid: string, conditions: Record<string, unknown>): PolicyStatement =>
    new PolicyStatement({
      sid,
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(evidenceObjects)],
      conditions,
    });
  return [
    deny('EvidenceByItsWriter', {
      ArnNotEquals: { 'aws:PrincipalArn': writerRole.roleArn },
    }),
    deny('EvidenceOnce', {
      Null: { 's3:if-none-match': 'true' },
      Bool: { 's3:ObjectCreationOperation': 'true' },
    }),
  ];
}
