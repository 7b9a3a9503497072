import { beforeAll, describe, expect, it } from 'vitest';
import { resolveStudy } from '../support/resolve.ts';
import { type Study, synthesize } from '../support/synth.ts';
import { at, breakResource, ofType, type Json, type Templates } from '../support/template-edits.ts';

let study: Study;

beforeAll(async () => {
  study = await synthesize();
});

describe('every bucket', () => {
  /** Buckets that lack a protection, with the protection; empty where none does. */
  function weakBuckets(templates: Templates): string[] {
    const resources = resolveStudy(templates);
    return ofType(resources, 'AWS::S3::Bucket').flatMap(({ logicalId, ref, properties }) => {
      const name = logicalId.replace(/[0-9A-F]{8}$/, '');
      const policy = JSON.stringify(
        ofType(resources, 'AWS::S3::BucketPolicy').find((one) => one.properties.Bucket === ref)
          ?.properties.PolicyDocument ?? '',
      );
      const [encryption] = at(properties, 'BucketEncryption')
        .ServerSideEncryptionConfiguration as Json[];
      const { SSEAlgorithm, KMSMasterKeyID } = at(encryption!, 'ServerSideEncryptionByDefault');
      const hasItsKey = SSEAlgorithm === 'aws:kms' && String(KMSMasterKeyID).includes('StorageKey');
      const protections: Record<string, boolean> = {
        'TLS only':
          policy.includes('"Effect":"Deny"') && policy.includes('"aws:SecureTransport":"false"'),
        // S3 delivers its own access logs to a bucket with SSE-S3 only.
        'its key': hasItsKey || name === 'AccessLogs',
        'no other key': policy.includes('RequireTheKey') || name === 'AccessLogs',
        'no public access':
          Object.values(at(properties, 'PublicAccessBlockConfiguration')).filter(Boolean).length ===
          4,
        versions: at(properties, 'VersioningConfiguration').Status === 'Enabled',
        // AWS's log services send no If-None-Match: those buckets lock or keep versions.
        'no overwrite':
          policy.includes('"RequireIfNoneMatch"') ||
          properties.ObjectLockEnabled === true ||
          name === 'AccessLogs',
        'an access log': 'LoggingConfiguration' in properties || name === 'AccessLogs',
      };
      return Object.entries(protections)
        .filter(([, given]) => !given)
        .map(([protection]) => `${name}: ${protection}`);
    });
  }

  it('is protected in every way that the design asks for', () => {
    expect(weakBuckets(study.templates)).toEqual([]);
    expect(ofType(resolveStudy(study.templates), 'AWS::S3::Bucket')).toHaveLength(5);
  });

  it.each<[string, string, (properties: Json) => void]>([
    ['Input: versions', 'InputF', (it) => (at(it, 'VersioningConfiguration').Status = 'Suspended')],
    [
      'Result: no public access',
      'ResultA',
      (it) => (at(it, 'PublicAccessBlockConfiguration').BlockPublicAcls = false),
    ],
    [
      'Ancillary: its key',
      'AncillaryB',
      (it) =>
        (at(
          it,
          'BucketEncryption',
          'ServerSideEncryptionConfiguration',
          0,
          'ServerSideEncryptionByDefault',
        ).SSEAlgorithm = 'AES256'),
    ],
    ['Log: no overwrite', 'LogF', (it) => (it.ObjectLockEnabled = false)],
    ['AccessLogs: TLS only', 'AccessLogsPolicy', (it) => (at(it, 'PolicyDocument').Statement = [])],
  ])('would be found out without protection (%s)', (finding, idPrefix, change) => {
    expect(weakBuckets(breakResource(study.templates, 'Data', idPrefix, change))).toEqual([
      finding,
    ]);
  });

  it('outlives its stack', () => {
    const kept = Object.values(study.templates.Data!.Resources)
      .filter(({ Type }) =>
        ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::DynamoDB::Table'].includes(Type),
      )
      .map(({ DeletionPolicy }) => DeletionPolicy);

    expect(new Set(kept)).toEqual(new Set(['Retain']));
  });
});
