import { describe, expect, it } from 'vitest';
import type { ContextValues } from '../../../local/policy/request-context.ts';
import { isAllowed, policy, worker } from './calls.ts';

type Condition = Record<string, Record<string, unknown>>;

/** Whether a statement with this condition applies, seen from an Allow. */
function allows(condition: Condition, context: ContextValues): boolean {
  return isAllowed(worker({ Effect: 'Allow', Action: '*', Resource: '*', Condition: condition }), {
    context,
  });
}

/** The same seen from a Deny: true when the statement denies. */
function denies(condition: Condition, context: ContextValues): boolean {
  const all = { Effect: 'Allow', Action: '*', Resource: '*' };
  const deny = { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*', Condition: condition };
  return !isAllowed(worker(all), { context, resourcePolicy: policy(deny) });
}

const queue = 'arn:aws:sqs:eu-west-1:111122223333:work';

describe('a condition operator on a key that is present', () => {
  it.each<[string, unknown, string | number | boolean, boolean]>([
    ['StringEquals', 'blue', 'blue', true],
    ['StringEquals', 'blue', 'Blue', false],
    ['StringEquals', 'blue', 'blues', false],
    ['StringEquals', 'bl*', 'blue', false],
    ['StringEquals', 'bl*', 'bl*', true],
    ['StringEquals', ['red', 'blue'], 'blue', true],
    ['StringEquals', ['red', 'green'], 'blue', false],
    ['StringEquals', 'true', true, true],
    ['StringEquals', '5', 5, true],
    ['StringEquals', '', '', true],
    ['StringNotEquals', 'blue', 'blue', false],
    ['StringNotEquals', 'blue', 'Blue', true],
    ['StringNotEquals', ['red', 'blue'], 'blue', false],
    ['StringNotEquals', ['red', 'green'], 'blue', true],
    ['StringEqualsIgnoreCase', 'BLUE', 'blue', true],
    ['StringEqualsIgnoreCase', 'BLUE', 'bluer', false],
    ['StringEqualsIgnoreCase', 'BL*', 'blue', false],
    ['StringNotEqualsIgnoreCase', 'BLUE', 'blue', false],
    ['StringNotEqualsIgnoreCase', 'RED', 'blue', true],
    ['StringLike', 'in/*/object', 'in/a/b/object', true],
    ['StringLike', 'in/?/object', 'in/a/object', true],
    ['StringLike', 'in/?/object', 'in//object', false],
    ['StringLike', 'IN/*', 'in/a', false],
    ['StringLike', 'in', 'in/a', false],
    ['StringNotLike', 'in/*', 'in/a', false],
    ['StringNotLike', 'in/*', 'out/a', true],
    ['StringNotLike', ['in/*', 'out/*'], 'out/a', false],
    ['NumericEquals', '10', 10, true],
    ['NumericEquals', 10, '10.0', true],
    ['NumericEquals', '10', 11, false],
    ['NumericNotEquals', '10', 11, true],
    ['NumericNotEquals', '10', 10, false],
    ['NumericNotEquals', ['10', '11'], 11, false],
    ['NumericLessThan', '10', 9, true],
    ['NumericLessThan', '10', 10, false],
    ['NumericLessThanEquals', '10', 10, true],
    ['NumericLessThanEquals', '10', 11, false],
    ['NumericGreaterThan', '10', 11, true],
    ['NumericGreaterThan', '10', 10, false],
    ['NumericGreaterThanEquals', '10', 10, true],
    ['NumericGreaterThanEquals', '10', 9.5, false],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '9', '10', false],
    ['DateEquals', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', true],
    ['DateEquals', '2026-01-01', '2026-01-01T00:00:00Z', true],
    ['DateEquals', '1767225600', '2026-01-01T00:00:00Z', true],
    ['DateEquals', '2026-01-01T00:00Z', 1767225600, true],
    ['DateEquals', '2026-01-01', '2026-01-02T00:00:00Z', false],
    ['DateNotEquals', '2026-01-01', '2026-01-02T00:00:00Z', true],
    ['DateNotEquals', '2026-01-01', '2026-01-01T00:00:00.000Z', false],
    ['DateLessThan', '2026-01-01', '2025-12-31T23:59:59Z', true],
    ['DateLessThan', '2026-01-01', '2026-01-01T00:00:00Z', false],
    ['DateLessThanEquals', '2026-01-01', '2026-01-01T00:00:00Z', true],
    ['DateLessThanEquals', '2026-01-01', '2026-01-01T00:00:01Z', false],
    ['DateGreaterThan', '2026-01-01', '2026-01-01T00:00:00.001Z', true],
    ['DateGreaterThan', '2026-01-01', '2026-01-01T00:00:00Z', false],
    ['DateGreaterThanEquals', '2026-01-01', '2026-01-01T00:00:00Z', true],
    ['DateGreaterThanEquals', '2026-01', '2025-12-31T00:00:00Z', false],
    ['Bool', 'true', true, true],
    ['Bool', true, 'true', true],
    ['Bool', 'true', false, false],
    ['Bool', 'false', false, true],
    ['Bool', ['true', 'false'], false, true],
    ['IpAddress', '203.0.113.0/24', '203.0.113.77', true],
    ['IpAddress', '203.0.113.0/24', '203.0.114.1', false],
    ['IpAddress', '203.0.113.7', '203.0.113.7', true],
    ['IpAddress', '203.0.113.7', '203.0.113.8', false],
    ['IpAddress', ['10.0.0.0/8', '203.0.113.0/24'], '203.0.113.1', true],
    ['IpAddress', '2001:db8:1234:5678::/64', '2001:db8:1234:5678::1', true],
    ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
    ['IpAddress', '2001:db8::1', '2001:0db8:0:0:0:0:0:1', true],
    ['IpAddress', '203.0.113.0/24', '2001:db8::1', false],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.9', true],
    ['IpAddress', '0.0.0.0/0', '127.0.0.1', true],
    ['NotIpAddress', '203.0.113.0/24', '203.0.113.77', false],
    ['NotIpAddress', '203.0.113.0/24', '198.51.100.1', true],
    ['NotIpAddress', ['10.0.0.0/8', '203.0.113.0/24'], '203.0.113.1', false],
    ['ArnEquals', queue, queue, true],
    ['ArnEquals', 'arn:aws:sqs:*:111122223333:*', queue, true],
    ['ArnLike', 'arn:aws:sqs:*:*:work', queue, true],
    ['ArnLike', 'arn:aws:sqs:*:*:WORK', queue, false],
    ['ArnLike', 'arn:aws:sqs:*:444455556666:work', queue, false],
    ['ArnNotEquals', queue, queue, false],
    ['ArnNotEquals', 'arn:aws:sns:*:*:*', queue, true],
    ['ArnNotLike', 'arn:aws:sqs:*:*:w?rk', queue, false],
    ['ArnNotLike', 'arn:aws:sqs:*:*:w?k', queue, true],
    ['ArnLike', 'arn:aws:sqs:*:*:work', 'work', false],
    ['ArnLike', 'arn:aws:s3:*:*:*', 'arn:aws:s3', false],
    ['ArnLike', '*:*:*:*:*:*', 'urn:a:b:c:d:e', false],
  ])('%s %j against %j is %s', (operator, policyValue, requestValue, expected) => {
    const condition = { [operator]: { 'aws:Tested': policyValue } };

    expect(allows(condition, { 'aws:Tested': requestValue })).toBe(expected);
    expect(denies(condition, { 'aws:Tested': requestValue })).toBe(expected);
  });

  it('compares an ARN part by part, where text would match across the colons', () => {
    const value =
      'arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt';
    const pattern = 'arn:aws:someservice:*:111122223333:finance/*';

    expect(allows({ ArnLike: { 'aws:SourceArn': pattern } }, { 'aws:SourceArn': value })).toBe(
      false,
    );
    expect(allows({ StringLike: { 'aws:SourceArn': pattern } }, { 'aws:SourceArn': value })).toBe(
      true,
    );
  });
});

describe('a condition operator on a key that is missing', () => {
  const positive: [string, string][] = [
    ['StringEquals', 'a'],
    ['StringEqualsIgnoreCase', 'a'],
    ['StringLike', '*'],
    ['NumericEquals', '1'],
    ['NumericLessThan', '1'],
    ['NumericLessThanEquals', '1'],
    ['NumericGreaterThan', '1'],
    ['NumericGreaterThanEquals', '1'],
    ['DateEquals', '2026-01-01'],
    ['DateLessThan', '2026-01-01'],
    ['DateLessThanEquals', '2026-01-01'],
    ['DateGreaterThan', '2026-01-01'],
    ['DateGreaterThanEquals', '2026-01-01'],
    ['Bool', 'false'],
    ['IpAddress', '0.0.0.0/0'],
    ['ArnEquals', 'arn:*:*:*:*:*'],
    ['ArnLike', 'arn:*:*:*:*:*'],
  ];
  const negated: [string, string][] = [
    ['StringNotEquals', 'a'],
    ['StringNotEqualsIgnoreCase', 'a'],
    ['StringNotLike', '*'],
    ['NumericNotEquals', '1'],
    ['DateNotEquals', '2026-01-01'],
    ['NotIpAddress', '0.0.0.0/0'],
    ['ArnNotEquals', 'arn:*:*:*:*:*'],
    ['ArnNotLike', 'arn:*:*:*:*:*'],
  ];

  it.each(positive)('%s does not hold', (operator, value) => {
    expect(allows({ [operator]: { 'aws:Absent': value } }, {})).toBe(false);
    expect(denies({ [operator]: { 'aws:Absent': value } }, {})).toBe(false);
  });

  it.each(negated)('%s holds', (operator, value) => {
    expect(allows({ [operator]: { 'aws:Absent': value } }, {})).toBe(true);
    expect(denies({ [operator]: { 'aws:Absent': value } }, {})).toBe(true);
  });

  it.each([...positive, ...negated])(
    '%s with IfExists holds, also under a set operator',
    (operator, value) => {
      expect(allows({ [`${operator}IfExists`]: { 'aws:Absent': value } }, {})).toBe(true);
      expect(allows({ [`ForAllValues:${operator}IfExists`]: { 'aws:Absent': value } }, {})).toBe(
        true,
      );
      expect(allows({ [`ForAnyValue:${operator}IfExists`]: { 'aws:Absent': value } }, {})).toBe(
        true,
      );
    },
  );

  it.each([...positive, ...negated])(
    'ForAllValues:%s holds and ForAnyValue:%s does not',
    (operator, value) => {
      expect(allows({ [`ForAllValues:${operator}`]: { 'aws:Absent': value } }, {})).toBe(true);
      expect(allows({ [`ForAnyValue:${operator}`]: { 'aws:Absent': value } }, {})).toBe(false);
      expect(denies({ [`ForAnyValue:${operator}`]: { 'aws:Absent': value } }, {})).toBe(false);
    },
  );

  it('counts an undefined value and an empty list as missing', () => {
    const condition = { StringNotEquals: { 'aws:Absent': 'a' } };

    expect(allows(condition, { 'aws:Absent': undefined })).toBe(true);
    expect(allows(condition, { 'aws:Absent': [] })).toBe(true);
  });
});

describe('IfExists on a key that is present', () => {
  it('compares like the operator itself', () => {
    expect(allows({ StringEqualsIfExists: { 'aws:x': 'a' } }, { 'aws:x': 'a' })).toBe(true);
    expect(allows({ StringEqualsIfExists: { 'aws:x': 'a' } }, { 'aws:x': 'b' })).toBe(false);
    expect(allows({ StringNotEqualsIfExists: { 'aws:x': 'a' } }, { 'aws:x': 'a' })).toBe(false);
  });
});

describe('Null', () => {
  it.each([
    ['true', undefined, true],
    ['true', [], true],
    ['true', 'a', false],
    ['false', 'a', true],
    ['false', '', true],
    ['false', false, true],
    ['false', undefined, false],
    [['true', 'false'], 'a', true],
  ])('%j on %j is %s', (policyValue, requestValue, expected) => {
    const condition = { Null: { 'aws:Tested': policyValue } };

    expect(allows(condition, { 'aws:Tested': requestValue })).toBe(expected);
    expect(denies(condition, { 'aws:Tested': requestValue })).toBe(expected);
  });

  it('may ask for a key with several values without a set operator', () => {
    expect(allows({ Null: { 'aws:TagKeys': 'false' } }, { 'aws:TagKeys': ['a', 'b'] })).toBe(true);
  });
});

describe('set operators', () => {
  it.each([
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
    ['ForAllValues:StringLike', ['a*'], ['ab', 'ac'], true],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
    ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'a'], false],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], true],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
    ['ForAnyValue:StringLike', ['b*'], ['ab', 'bc'], true],
    ['ForAllValues:StringEquals', ['a'], '', true],
    ['ForAnyValue:StringEquals', [''], '', false],
    ['ForAllValues:StringEquals', ['a'], ['a', ''], false],
    ['ForAllValues:NumericLessThan', '10', ['1', '2'], true],
    ['ForAllValues:ArnLike', 'arn:aws:sqs:*:*:*', [queue, 'arn:aws:sns:::t'], false],
  ])('%s %j against %j is %s', (operator, policyValue, requestValue, expected) => {
    const condition = { [operator]: { 'aws:TagKeys': policyValue } };

    expect(allows(condition, { 'aws:TagKeys': requestValue })).toBe(expected);
    expect(denies(condition, { 'aws:TagKeys': requestValue })).toBe(expected);
  });
});

describe('several operators and keys', () => {
  const condition = {
    StringEquals: { 'aws:One': 'a', 'aws:Two': 'b' },
    Bool: { 'aws:Three': 'true' },
  };

  it.each([
    [{ 'aws:One': 'a', 'aws:Two': 'b', 'aws:Three': true }, true],
    [{ 'aws:One': 'x', 'aws:Two': 'b', 'aws:Three': true }, false],
    [{ 'aws:One': 'a', 'aws:Two': 'x', 'aws:Three': true }, false],
    [{ 'aws:One': 'a', 'aws:Two': 'b', 'aws:Three': false }, false],
    [{ 'aws:One': 'a', 'aws:Two': 'b' }, false],
  ])('must all hold: %j is %s', (context, expected) => {
    expect(allows(condition, context)).toBe(expected);
    expect(denies(condition, context)).toBe(expected);
  });

  it('finds a key in any spelling', () => {
    expect(
      allows({ Bool: { 'AWS:securetransport': 'true' } }, { 'aws:SecureTransport': true }),
    ).toBe(true);
  });
});

describe('what cannot be compared', () => {
  it.each<[string, Condition, ContextValues]>([
    [
      'several values without a set operator',
      { StringEquals: { 'aws:x': 'a' } },
      { 'aws:x': ['a', 'b'] },
    ],
    ['several values, negated', { StringNotEquals: { 'aws:x': 'c' } }, { 'aws:x': ['a', 'b'] }],
    [
      'two spellings of one key',
      { StringEquals: { 'aws:x': 'a' } },
      { 'aws:x': 'a', 'aws:X': 'b' },
    ],
    ['a number that is none', { NumericLessThan: { 'aws:x': '10' } }, { 'aws:x': 'few' }],
    ['a number that is none, negated', { NumericNotEquals: { 'aws:x': '10' } }, { 'aws:x': 'few' }],
    ['a date that is none', { DateGreaterThan: { 'aws:x': '2026-01-01' } }, { 'aws:x': 'today' }],
    [
      'an address that is none',
      { NotIpAddress: { 'aws:x': '10.0.0.0/8' } },
      { 'aws:x': 'localhost' },
    ],
    ['a truth value that is none', { Bool: { 'aws:x': 'true' } }, { 'aws:x': 'yes' }],
    [
      'one of all values',
      { 'ForAllValues:NumericLessThan': { 'aws:x': '9' } },
      { 'aws:x': ['1', 'few'] },
    ],
    [
      'one of any values',
      { 'ForAnyValue:NumericLessThan': { 'aws:x': '9' } },
      { 'aws:x': ['10', 'few'] },
    ],
  ])('neither allows nor escapes a deny: %s', (_what, condition, context) => {
    expect(allows(condition, context)).toBe(false);
    expect(denies(condition, context)).toBe(true);
  });

  it('does not matter where another key decides', () => {
    const condition = { StringEquals: { 'aws:x': 'a', 'aws:y': 'b' } };

    expect(denies(condition, { 'aws:x': ['a', 'b'], 'aws:y': 'c' })).toBe(false);
  });

  it('does not matter where another value decides', () => {
    const condition = { 'ForAnyValue:NumericLessThan': { 'aws:x': '9' } };

    expect(allows(condition, { 'aws:x': ['1', 'few'] })).toBe(true);
  });

  it('compares a list of one like a single value', () => {
    expect(allows({ StringEquals: { 'aws:x': 'a' } }, { 'aws:x': ['a'] })).toBe(true);
  });
});
