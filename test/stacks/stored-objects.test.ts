import { beforeAll, describe, expect, it } from 'vitest';
import { objectKey, resultKey, sceneOf, type Scene } from '../support/study-scene.ts';
import { type Study, synthesize } from '../support/synth.ts';

let study: Study;
let scene: Scene;

beforeAll(async () => {
  study = await synthesize();
  scene = sceneOf(study.templates);
});

describe('S3D', () => {
  const put = { 's3:if-none-match': '*', 's3:ObjectCreationOperation': 'true' };

  it('takes an object from uploader and researcher, once', () => {
    const { access, role } = scene;
    const write = (who: string, keys: Record<string, string>) =>
      access.mayUseBucket(role(who), 'Input', 's3:PutObject', objectKey, keys);

    expect(write('PeopleUploader', put)).toBe(true);
    expect(write('PeopleResearcher', put)).toBe(true);
    expect(write('PeopleUploader', { 's3:ObjectCreationOperation': 'true' })).toBe(false);
    expect(write('PeopleOperator', put)).toBe(false);
    expect(write('Worker', put)).toBe(false);
  });

  it('takes an object from the poller from inside the VPC only, and gives it none', async () => {
    const { templates } = await synthesize({ ingest: true });
    const { access, endpoint, role } = sceneOf(templates);
    const inside = { ...put, 'aws:SourceVpce': endpoint };
    const may = (action: string, keys: Record<string, string>, key = objectKey) =>
      access.mayUseBucket(role('Poller'), 'Input', action, key, keys);

    expect(may('s3:PutObject', inside)).toBe(true);
    expect(may('s3:PutObject', put)).toBe(false);
    expect(may('s3:PutObject', { ...put, 'aws:SourceVpce': 'vpce-0' })).toBe(false);
    expect(may('s3:PutObject', { ...inside, 's3:if-none-match': '' }, 'in/v1/other/x')).toBe(false);
    expect(may('s3:GetObject', inside)).toBe(false);
    expect(may('s3:DeleteObject', inside)).toBe(false);
    expect(may('s3:ListBucket', inside, '')).toBe(false);
  });

  it('takes the parts of a multipart upload, which carry no condition', () => {
    const { access, role } = scene;

    const part = access.mayUseBucket(role('PeopleUploader'), 'Input', 's3:PutObject', objectKey, {
      's3:ObjectCreationOperation': 'false',
    });

    expect(part).toBe(true);
  });

  it('gives an object to workers only, and through the VPC endpoint only', () => {
    const { access, endpoint, role } = scene;
    const inside = { 'aws:SourceVpce': endpoint };
    const readers = access.roles.filter((one) =>
      access.mayUseBucket(one, 'Input', 's3:GetObject', objectKey, inside),
    );

    expect(readers).toEqual([role('Worker')]);
    expect(access.mayUseBucket(role('Worker'), 'Input', 's3:GetObject', objectKey)).toBe(false);
  });

  it('is listed by workers only', () => {
    const { access, role } = scene;

    const listers = access.roles.filter((one) =>
      access.mayUseBucket(one, 'Input', 's3:ListBucket', ''),
    );

    expect(listers).toEqual([role('Worker')]);
  });

  it('takes nothing over plain HTTP, under another key or under none of KMS', () => {
    const { access, role } = scene;
    const write = (keys: Record<string, string>) =>
      access.mayUseBucket(role('PeopleUploader'), 'Input', 's3:PutObject', objectKey, {
        ...put,
        ...keys,
      });

    expect(write({ 'aws:SecureTransport': 'false' })).toBe(false);
    expect(write({ 's3:x-amz-server-side-encryption': 'AES256' })).toBe(false);
    expect(
      write({
        's3:x-amz-server-side-encryption': 'aws:kms',
        's3:x-amz-server-side-encryption-aws-kms-key-id':
          'arn:aws:kms:us-east-1:111122223333:key/x',
      }),
    ).toBe(false);
  });

  it('takes objects from the addresses of uploadCidrs only, where there are any', async () => {
    const fenced = await synthesize({ uploadCidrs: '198.51.100.0/24,203.0.113.0/24' });
    const { access, role } = sceneOf(fenced.templates);
    const from = (address: string) =>
      access.mayUseBucket(role('PeopleUploader'), 'Input', 's3:PutObject', objectKey, {
        ...put,
        'aws:SourceIp': address,
      });

    expect(from('203.0.113.7')).toBe(true);
    expect(from('192.0.2.7')).toBe(false);
  });
});

describe('S3O', () => {
  it('gives objects to researchers and workers only', () => {
    const { access } = scene;

    const readers = access.roles.filter((role) =>
      access.mayUseBucket(role, 'Result', 's3:GetObject', resultKey),
    );

    expect(readers.map(({ logicalId }) => logicalId.slice(0, 16)).sort()).toEqual([
      'PeopleResearcher',
      expect.stringMatching(/^Worker/),
    ]);
  });
});
