import { describe, expect, it } from 'vitest';
import { parseEventPattern } from '../../../../local/services/events/event-pattern.ts';

const event = {
  source: 'aws.s3',
  'detail-type': 'Object Created',
  resources: ['arn:aws:s3:::a', 'arn:aws:s3:::b'],
  detail: {
    bucket: { name: 'input' },
    object: { key: 'in/v1/study/batch/manifest', size: 300, tags: [] },
    isLast: false,
    error: null,
    parts: [{ part: 1, ok: true }, { part: 2 }],
  },
};

describe('an event pattern', () => {
  it.each([
    ['an exact text', { source: ['aws.s3'] }, true],
    ['one of several texts', { source: ['aws.ec2', 'aws.s3'] }, true],
    ['no text of these', { source: ['aws.ec2'] }, false],
    ['a text in another case', { source: ['AWS.S3'] }, false],
    ['all fields', { source: ['aws.s3'], detail: { bucket: { name: ['other'] } } }, false],
    ['nested fields', { detail: { bucket: { name: ['input'] } } }, true],
    ['an element of an array', { resources: ['arn:aws:s3:::b'] }, true],
    ['an object in an array', { detail: { parts: { part: [2] } } }, true],
    ['an object in an array that is not there', { detail: { parts: { part: [3] } } }, false],
    ['false and null', { detail: { isLast: [false], error: [null] } }, true],
    ['a number', { detail: { object: { size: [300] } } }, true],
    ['a number as text', { detail: { object: { size: ['300'] } } }, false],
    ['a field that is absent', { detail: { missing: ['x'] } }, false],
    ['an object where the event has a text', { source: { a: ['x'] } }, false],
    ['prefix', { detail: { object: { key: [{ prefix: 'in/' }] } } }, true],
    ['another prefix', { detail: { object: { key: [{ prefix: 'out/' }] } } }, false],
    ['a prefix of a number', { detail: { object: { size: [{ prefix: '3' }] } } }, false],
    ['suffix', { detail: { object: { key: [{ suffix: '/manifest' }] } } }, true],
    ['equals-ignore-case', { source: [{ 'equals-ignore-case': 'AWS.S3' }] }, true],
    ['anything-but a text', { source: [{ 'anything-but': 'aws.ec2' }] }, true],
    ['anything-but itself', { source: [{ 'anything-but': ['aws.ec2', 'aws.s3'] }] }, false],
    ['anything-but a prefix', { source: [{ 'anything-but': { prefix: 'aws.' } }] }, false],
    ['anything-but of what is absent', { missing: [{ 'anything-but': 'x' }] }, false],
    ['exists', { detail: { object: { size: [{ exists: true }] } } }, true],
    ['exists, of what is absent', { detail: { missing: [{ exists: true }] } }, false],
    ['exists, of an object, which is no leaf', { detail: { bucket: [{ exists: true }] } }, false],
    ['not exists', { detail: { missing: [{ exists: false }] } }, true],
    ['not exists, of an empty array', { detail: { object: { tags: [{ exists: false }] } } }, true],
    ['numeric', { detail: { object: { size: [{ numeric: ['>', 0, '<=', 300] }] } } }, true],
    ['numeric out of range', { detail: { object: { size: [{ numeric: ['>', 300] }] } } }, false],
    ['numeric of a text', { source: [{ numeric: ['=', 0] }] }, false],
  ])('holds %s against an event', (_what, pattern, expected) => {
    expect(parseEventPattern(pattern)(event)).toBe(expected);
  });

  it.each([
    [{ source: [{ wildcard: 'aws.*' }] }, 'EventPattern.source.wildcard is not supported'],
    [{ detail: { ip: [{ cidr: '10.0.0.0/8' }] } }, 'EventPattern.detail.ip.cidr is not supported'],
    [{ $or: [{ source: ['a'] }] }, 'EventPattern.$or is not supported'],
    [
      { source: [{ 'anything-but': { wildcard: 'x' } }] },
      'EventPattern.source.anything-but.wildcard is not supported',
    ],
    [{ source: [{ prefix: 'a', suffix: 'b' }] }, 'more than one comparison'],
    [{ source: [{ numeric: ['!=', 3] }] }, 'must list comparisons and numbers'],
    [{ source: [{ exists: 'yes' }] }, 'EventPattern.source.exists'],
    [{ source: [] }, 'EventPattern.source is empty'],
    [{ source: 'aws.s3' }, 'EventPattern.source'],
    [{}, 'EventPattern is empty'],
  ])('is refused where it says %j', (pattern, message) => {
    expect(() => parseEventPattern(pattern)).toThrow(message);
  });
});
