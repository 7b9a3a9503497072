import { beforeEach, describe, expect, it } from 'vitest';
import type { DeclaredResource, ResourceHandler } from '../../../local/api.ts';
import { readCloudAssembly } from '../../../local/assembly/cloud-assembly.ts';
import {
  deploy,
  type DeploymentSurroundings,
  type Outputs,
} from '../../../local/assembly/deploy.ts';
import { writeAssembly, type WrittenStack } from './written-assembly.ts';

const target = { accountId: '111122223333', region: 'us-east-1' };

let created: DeclaredResource[];
let running: number;
let mostAtOnce: number;

beforeEach(() => {
  created = [];
  running = 0;
  mostAtOnce = 0;
});

/** Creates anything of a type, slowly enough that what may run at once does. */
function handler(type: string): ResourceHandler {
  return {
    type,
    create: async (resource) => {
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      created.push(resource);
      return { ref: `ref-${resource.logicalId}`, attributes: { Arn: `arn-${resource.logicalId}` } };
    },
  };
}

const systemParameter: ResourceHandler = {
  type: 'AWS::SSM::Parameter',
  create: ({ properties }) => ({
    ref: String(properties.Name),
    attributes: { Value: String(properties.Value) },
  }),
};

async function deployed(
  stacks: Record<string, WrittenStack>,
  changes: Partial<DeploymentSurroundings> = {},
): Promise<Outputs> {
  const assembly = await readCloudAssembly(await writeAssembly(stacks), target);
  return deploy(assembly, {
    target,
    handlers: [handler('Test::A'), handler('Test::B'), systemParameter],
    createCustom: () => ({ ref: 'custom' }),
    imageId: 'ami-1',
    ...changes,
  });
}

describe('a deployment', () => {
  it('creates each resource after those it refers to or depends on, and the others at once', async () => {
    await deployed({
      Stack: {
        template: {
          Resources: {
            Last: { Type: 'Test::A', Properties: { of: { Ref: 'Middle' } } },
            Middle: { Type: 'Test::B', Properties: { name: { 'Fn::Sub': 'x-${First.Arn}' } } },
            After: { Type: 'Test::A', DependsOn: ['Last'] },
            First: { Type: 'Test::A' },
            Alone: { Type: 'Test::B' },
          },
        },
      },
    });

    const order = created.map(({ logicalId }) => logicalId);
    expect(order.filter((name) => name !== 'Alone')).toEqual(['First', 'Middle', 'Last', 'After']);
    expect(created.find(({ logicalId }) => logicalId === 'Last')?.properties).toEqual({
      of: 'ref-Middle',
    });
    expect(mostAtOnce).toBe(2);
  });

  it('carries exports to later stacks, and gives outputs, tags and parameters', async () => {
    const outputs = await deployed({
      Late: {
        dependencies: ['Early'],
        tags: { study: 'one' },
        parameters: { Given: 'given' },
        template: {
          Parameters: {
            Given: { Type: 'String' },
            Ami: {
              Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
              Default: '/aws/service/ami-amazon-linux-latest/al2023',
            },
            Known: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/known' },
            BootstrapVersion: {
              Type: 'AWS::SSM::Parameter::Value<String>',
              Default: '/cdk-bootstrap/hnb659fds/version',
            },
          },
          Rules: { CheckBootstrapVersion: {} },
          Resources: {
            One: {
              Type: 'Test::A',
              Properties: {
                from: { 'Fn::ImportValue': 'Early:Arn' },
                given: { Ref: 'Given' },
                ami: { Ref: 'Ami' },
                known: { Ref: 'Known' },
                stack: { Ref: 'AWS::StackName' },
              },
            },
          },
        },
      },
      Early: {
        template: {
          Resources: {
            Made: { Type: 'Test::A' },
            Known: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/known', Value: 'value' } },
          },
          Outputs: {
            Arn: { Value: { 'Fn::GetAtt': ['Made', 'Arn'] }, Export: { Name: 'Early:Arn' } },
          },
        },
      },
    });

    expect(outputs).toEqual({ Early: { Arn: 'arn-Made' }, Late: {} });
    expect(created.at(-1)).toMatchObject({
      tags: { study: 'one' },
      properties: { from: 'arn-Made', given: 'given', ami: 'ami-1', known: 'value', stack: 'Late' },
    });
  });

  it('leaves out what a condition excludes, and metadata of CDK', async () => {
    await deployed({
      Stack: {
        template: {
          Conditions: {
            Never: { 'Fn::Equals': ['a', 'b'] },
            Always: { 'Fn::Not': [{ Condition: 'Never' }] },
          },
          Resources: {
            No: { Type: 'Test::A', Condition: 'Never' },
            Yes: { Type: 'Test::A', Condition: 'Always' },
            CDKMetadata: { Type: 'AWS::CDK::Metadata', Condition: 'Always' },
          },
        },
      },
    });

    expect(created.map(({ logicalId }) => logicalId)).toEqual(['Yes']);
  });

  it('names every resource type that is not supported before it creates anything', async () => {
    const attempt = deployed({
      One: {
        template: { Resources: { Good: { Type: 'Test::A' }, Bad: { Type: 'AWS::Foo::Bar' } } },
      },
      Two: { template: { Resources: { Worse: { Type: 'AWS::Foo::Baz' } } } },
    });

    await expect(attempt).rejects.toThrow(
      'resource types that the embedded cloud does not support: AWS::Foo::Bar (One/Bad), AWS::Foo::Baz (Two/Worse)',
    );
    expect(created).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    [
      'resources in a circle',
      {
        A: { Type: 'Test::A', Properties: { b: { Ref: 'B' } } },
        B: { Type: 'Test::A', DependsOn: 'A' },
      },
      /Stack: resources depend on each other: A -> B -> A/,
    ],
    [
      'a reference to nothing',
      { A: { Type: 'Test::A', Properties: { x: { Ref: 'Ghost' } } } },
      /Stack\/A refers to Ghost/,
    ],
    [
      'an attribute that nobody gives',
      {
        A: { Type: 'Test::A' },
        B: { Type: 'Test::B', Properties: { x: { 'Fn::GetAtt': ['A', 'Nope'] } } },
      },
      /Stack\/A \(Test::A\): the attribute Nope is not supported/,
    ],
    [
      'an import of nothing',
      { A: { Type: 'Test::A', Properties: { x: { 'Fn::ImportValue': 'Ghost' } } } },
      /no stack deployed so far exports Ghost/,
    ],
    [
      'a system parameter of nobody',
      { A: { Type: 'Test::A', Properties: { x: '{{resolve:ssm:/ghost}}' } } },
      /parameter \/ghost is declared by no template/,
    ],
  ])('with %s fails and says where', async (_what, Resources, message) => {
    await expect(deployed({ Stack: { template: { Resources } } })).rejects.toThrow(message);
  });

  it('tells stack, logical id and type of a resource whose handler fails, and creates nothing after it', async () => {
    const attempt = deployed(
      {
        Stack: {
          template: {
            Resources: {
              Broken: { Type: 'Test::Broken' },
              Needs: { Type: 'Test::A', Properties: { x: { Ref: 'Broken' } } },
            },
          },
        },
        Next: { dependencies: ['Stack'], template: { Resources: { Never: { Type: 'Test::A' } } } },
      },
      {
        handlers: [
          handler('Test::A'),
          { type: 'Test::Broken', create: () => Promise.reject(new Error('no room')) },
        ],
      },
    );

    await expect(attempt).rejects.toThrow('Stack/Broken (Test::Broken): no room');
    expect(created).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    ['without value', { P: { Type: 'String' } }, /parameter P has no value/],
    [
      'of another type',
      { P: { Type: 'List<Number>', Default: '1' } },
      /the type List<Number> is not supported/,
    ],
    [
      'with a value that is not allowed',
      { P: { Type: 'String', Default: 'c', AllowedValues: ['a', 'b'] } },
      /not allowed/,
    ],
  ])('refuses a parameter %s', async (_what, Parameters, message) => {
    await expect(deployed({ Stack: { template: { Parameters, Resources: {} } } })).rejects.toThrow(
      message,
    );
  });
});
