import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCloudAssembly } from '../../../local/assembly/cloud-assembly.ts';
import { writeAssembly } from './written-assembly.ts';

const target = { accountId: '111122223333', region: 'us-east-1' };
const empty = { template: { Resources: {} } };

describe('a cloud assembly', () => {
  it('gives its stacks in the order of their dependencies', async () => {
    const directory = await writeAssembly({
      App: { ...empty, dependencies: ['Data'] },
      Data: { ...empty, dependencies: ['Network'], tags: { 'czar:study': 'one' } },
      Network: empty,
    });

    const { stacks } = await readCloudAssembly(directory, target);

    expect(stacks.map(({ name }) => name)).toEqual(['Network', 'Data', 'App']);
    expect(stacks[1]?.tags).toEqual({ 'czar:study': 'one' });
  });

  it('gives its files once, with bucket and key as the templates will name them', async () => {
    const asset = {
      source: { path: 'asset.one', packaging: 'zip' },
      destinations: {
        current: {
          bucketName: 'cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}',
          objectKey: 'one.zip',
          assumeRoleArn: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/publisher',
        },
      },
    };
    const directory = await writeAssembly({ Data: empty }, { files: { one: asset, two: asset } });

    const { assets } = await readCloudAssembly(directory, target);

    expect(assets).toEqual([
      {
        bucket: 'cdk-hnb659fds-assets-111122223333-us-east-1',
        key: 'one.zip',
        path: join(directory, 'asset.one'),
        packaging: 'zip',
      },
    ]);
  });

  it.each<[string, Parameters<typeof writeAssembly>, RegExp]>([
    [
      'a nested assembly',
      [{}, { artifacts: { Stage: { type: 'cdk:cloud-assembly' } } }],
      /Stage: cdk:cloud-assembly is not supported/,
    ],
    [
      'a docker image',
      [{}, { dockerImages: { abc: {} } }],
      /docker image asset abc is not supported/,
    ],
    [
      'a section of a template',
      [{ Data: { template: { Transform: 'AWS::Serverless-2016-10-31', Resources: {} } } }],
      /Data\.template\.json: Transform: is not supported/,
    ],
    [
      'an attribute of a resource',
      [{ Data: { template: { Resources: { A: { Type: 'T', CreationPolicy: {} } } } } }],
      /Resources\.A\.CreationPolicy: is not supported/,
    ],
    ['a rule', [{ Data: { template: { Rules: { Mine: {} }, Resources: {} } } }], /Rules/],
    [
      'stacks in a circle',
      [{ A: { ...empty, dependencies: ['B'] }, B: { ...empty, dependencies: ['A'] } }],
      /A -> B -> A/,
    ],
  ])('with %s is refused by name', async (_what, written, message) => {
    const directory = await writeAssembly(...written);

    await expect(readCloudAssembly(directory, target)).rejects.toThrow(message);
  });

  it('that is not there is refused', async () => {
    await expect(readCloudAssembly('nowhere', target)).rejects.toThrow(
      /is this what cdk synth wrote/,
    );
  });
});
