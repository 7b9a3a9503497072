import { describe, expect, it } from 'vitest';
import {
  evaluateCondition,
  resolveIntrinsics,
  type Scope,
} from '../../../local/assembly/intrinsics.ts';
import { references } from '../../../local/assembly/references.ts';

const scope: Scope = {
  region: 'us-east-1',
  ref: (name) =>
    ({ Bucket: 'my-bucket', Count: '3', List: ['x', 'y'], 'AWS::Region': 'us-east-1' })[name],
  attribute: (logicalId, attribute) => `${logicalId}!${attribute}`,
  importValue: (name) => `imported ${name}`,
  mapping: (...keys) => keys.join('/'),
  condition: (name) => name === 'Yes',
  systemParameter: (name) => `parameter ${name}`,
};

describe('an intrinsic function', () => {
  it.each<[string, unknown, unknown]>([
    ['Ref', { Ref: 'Bucket' }, 'my-bucket'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Ref to NoValue, in an object', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['Ref to NoValue, in a list', [1, { Ref: 'AWS::NoValue' }, 2], [1, 2]],
    ['Ref to NoValue, alone', { Ref: 'AWS::NoValue' }, undefined],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'Bucket!Arn'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Table.StreamArn' }, 'Table!StreamArn'],
    ['Fn::GetAtt with dots', { 'Fn::GetAtt': ['Endpoint', 'A.B'] }, 'Endpoint!A.B'],
    [
      'Fn::Sub',
      { 'Fn::Sub': 'a-${Bucket}-${Bucket.Arn}-${AWS::Region}' },
      'a-my-bucket-Bucket!Arn-us-east-1',
    ],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': ['${Own}/${Bucket}', { Own: { Ref: 'Count' } }] },
      '3/my-bucket',
    ],
    ['Fn::Sub with a literal', { 'Fn::Sub': '${!Literal} $x {y}' }, '${Literal} $x {y}'],
    ['Fn::Join', { 'Fn::Join': ['', ['arn:', { Ref: 'Bucket' }, ':', 4]] }, 'arn:my-bucket:4'],
    ['Fn::Join of a list', { 'Fn::Join': ['-', { Ref: 'List' }] }, 'x-y'],
    ['Fn::Select', { 'Fn::Select': [1, { Ref: 'List' }] }, 'y'],
    ['Fn::Select by text', { 'Fn::Select': ['0', ['p', 'q']] }, 'p'],
    ['Fn::Split', { 'Fn::Split': ['-', { Ref: 'Bucket' }] }, ['my', 'bucket']],
    [
      'Fn::Select of Fn::Split',
      { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Bucket' }] }] },
      'bucket',
    ],
    ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': 'Net:${Count}' } }, 'imported Net:3'],
    ['Fn::GetAZs', { 'Fn::GetAZs': '' }, ['us-east-1a', 'us-east-1b', 'us-east-1c']],
    ['Fn::Base64', { 'Fn::Base64': { 'Fn::Sub': 'hi ${Count}' } }, 'aGkgMw=='],
    [
      'Fn::FindInMap',
      { 'Fn::FindInMap': ['Map', { Ref: 'AWS::Region' }, 'Ami'] },
      'Map/us-east-1/Ami',
    ],
    ['Fn::If, yes', { 'Fn::If': ['Yes', { Ref: 'Bucket' }, 'other'] }, 'my-bucket'],
    ['Fn::If, no', { 'Fn::If': ['No', 'one', { Ref: 'AWS::NoValue' }] }, undefined],
    ['a dynamic reference', 'x {{resolve:ssm:/a/b}} y', 'x parameter /a/b y'],
    ['a dynamic reference with a version', '{{resolve:ssm:/a/b:12}}', 'parameter /a/b'],
    [
      'a dynamic reference put together',
      { 'Fn::Join': ['', ['{{resolve:ssm:', '/c', '}}']] },
      'parameter /c',
    ],
    [
      'nothing',
      { Statement: [{ Effect: 'Allow', n: 1, t: true, z: null }] },
      { Statement: [{ Effect: 'Allow', n: 1, t: true, z: null }] },
    ],
  ])('is resolved: %s', (_name, value, expected) => {
    expect(resolveIntrinsics(value, scope)).toEqual(expected);
  });

  it.each<[unknown, RegExp]>([
    [{ 'Fn::Cidr': ['10.0.0.0/16', 2, 8] }, /Fn::Cidr is not supported/],
    [{ 'Fn::Transform': {} }, /Fn::Transform is not supported/],
    [{ 'Fn::Length': [] }, /Fn::Length is not supported/],
    [{ 'Fn::Equals': ['a', 'a'] }, /Fn::Equals is possible in Conditions only/],
    ['{{resolve:secretsmanager:secret}}', /resolve:secretsmanager:\.\.\.}} is not supported/],
    ['{{resolve:ssm-secure:secret}}', /resolve:ssm-secure/],
    [{ 'Fn::Select': [7, ['a']] }, /no such item/],
    [{ 'Fn::Join': ['', [{ nested: true }]] }, /Fn::Join must be text/],
  ])('that is not supported or does not fit is refused: %j', (value, message) => {
    expect(() => resolveIntrinsics(value, scope)).toThrow(message);
  });
});

describe('a condition', () => {
  const equal = { 'Fn::Equals': [{ Ref: 'Count' }, 3] };
  const unequal = { 'Fn::Equals': [{ Ref: 'Count' }, 'four'] };

  it.each<[unknown, boolean]>([
    [equal, true],
    [unequal, false],
    [{ 'Fn::And': [equal, { Condition: 'Yes' }] }, true],
    [{ 'Fn::And': [equal, { Condition: 'No' }] }, false],
    [{ 'Fn::Or': [unequal, { 'Fn::Or': [unequal, equal] }] }, true],
    [{ 'Fn::Not': [unequal] }, true],
  ])('%j is %s', (condition, expected) => {
    expect(evaluateCondition(condition, scope)).toBe(expected);
  });

  it('of another function is refused by name', () => {
    expect(() => evaluateCondition({ 'Fn::Contains': [] }, scope)).toThrow(
      /Fn::Contains is not supported/,
    );
  });
});

describe('references', () => {
  it('are found wherever they hide, pseudo parameters and own variables left out', () => {
    const value = {
      a: { Ref: 'One' },
      b: [{ 'Fn::GetAtt': ['Two', 'Arn'] }, { 'Fn::GetAtt': 'Three.Arn' }],
      c: { 'Fn::Sub': '${Four}-${Five.Arn}-${AWS::Region}-${!Six}' },
      d: { 'Fn::Sub': ['${Own}-${Seven}', { Own: { Ref: 'Eight' } }] },
      e: { 'Fn::If': ['Yes', { Ref: 'Nine' }, { Ref: 'AWS::NoValue' }] },
      f: 'Ref Ten',
    };

    expect(references(value).sort()).toEqual([
      'Eight',
      'Five',
      'Four',
      'Nine',
      'One',
      'Seven',
      'Three',
      'Two',
    ]);
  });
});
