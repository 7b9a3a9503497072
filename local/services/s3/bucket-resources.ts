import * as z from 'zod';
import type { ResourceHandler, Surroundings } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { parsePolicy } from '../../policy/document.ts';
import { generatedBucketName, type BucketList } from './bucket-list.ts';
import { BucketProperties, bucketSettings } from './bucket-properties.ts';

const BucketPolicyProperties = z.strictObject({
  Bucket: z.string(),
  PolicyDocument: z.record(z.string(), z.unknown()),
});

/** Makes the buckets and bucket policies of templates. */
export function bucketResourceHandlers(
  { region }: Surroundings,
  buckets: BucketList,
): readonly ResourceHandler[] {
  return [
    {
      type: 'AWS::S3::Bucket',
      create(resource) {
        const properties = readProperties(BucketProperties, resource);
        const name =
          properties.BucketName ?? generatedBucketName(resource.stack, resource.logicalId);
        const bucket = buckets.create(name, bucketSettings(properties), {
          ...resource.tags,
          ...Object.fromEntries(properties.Tags.map(({ Key, Value }) => [Key, Value])),
        });
        return {
          ref: name,
          attributes: {
            Arn: bucket.arn,
            DomainName: `${name}.s3.amazonaws.com`,
            DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
            RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
            WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
          },
        };
      },
    },
    {
      type: 'AWS::S3::BucketPolicy',
      create(resource) {
        const { Bucket, PolicyDocument } = readProperties(BucketPolicyProperties, resource);
        const where = `${resource.stack}.${resource.logicalId}`;
        const bucket = buckets.get(Bucket);
        if (bucket.policy) throw new Error(`${where}: the bucket has a policy already`);
        bucket.policy = {
          document: parsePolicy(PolicyDocument, `${where}.PolicyDocument`),
          text: JSON.stringify(PolicyDocument),
        };
        return { ref: Bucket };
      },
    },
  ];
}
