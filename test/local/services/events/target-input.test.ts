import { describe, expect, it } from 'vitest';
import type { BridgeEvent } from '../../../../local/services/events/bridge-event.ts';
import { parseTargetInput } from '../../../../local/services/events/target-input.ts';

const event: BridgeEvent = {
  version: '0',
  id: 'id-1',
  'detail-type': 'Reading',
  source: 'sensors',
  account: '111122223333',
  time: '2026-01-01T00:00:00Z',
  region: 'us-east-1',
  resources: ['r0', 'r1'],
  detail: { text: 'a "quoted" one', count: 3, list: [1, { x: true }], 'odd name': 'odd' },
};
const rule = { name: 'mine', arn: 'arn:rule' };

describe('the input of a target', () => {
  it.each([
    ['the whole event', {}, event],
    ['a constant', { Input: '{"a":1}' }, { a: 1 }],
    ['a part', { InputPath: '$.detail.list[1].x' }, true],
    ['a part with an odd name', { InputPath: "$.detail['odd name']" }, 'odd'],
    ['all by its path', { InputPath: '$' }, event],
    ['a part that is absent', { InputPath: '$.detail.nothing' }, null],
    [
      'a template of JSON',
      {
        InputTransformer: {
          InputPathsMap: { t: '$.detail.text', c: '$.detail.count', l: '$.detail.list' },
          InputTemplate: '{"t": <t>, "c": <c>, "l": <l>, "text": "<c> of <t>: <l>"}',
        },
      },
      {
        t: 'a "quoted" one',
        c: 3,
        l: [1, { x: true }],
        text: '3 of a "quoted" one: [1,{"x":true}]',
      },
    ],
    [
      'a template with what EventBridge knows',
      {
        InputTransformer: {
          InputPathsMap: {},
          InputTemplate: '["<aws.events.rule-name>", <aws.events.rule-arn>]',
        },
      },
      ['mine', 'arn:rule'],
    ],
  ])('can be %s', (_what, target, expected) => {
    const payload = parseTargetInput(target)(event, rule);

    expect(JSON.parse(payload)).toEqual(expected);
  });

  it.each([
    [{ Input: 'no json' }, 'Input must be JSON'],
    [{ InputPath: '$.detail[*]' }, 'is not supported'],
    [{ InputPath: 'detail' }, 'is not supported'],
    [{ InputPath: '$', Input: '1' }, 'give one of'],
    [{ InputTransformer: { InputPathsMap: {}, InputTemplate: '"<x>"' } }, '<x> is not supported'],
  ])('is refused as %j', (target, message) => {
    expect(() => parseTargetInput(target)).toThrow(message);
  });
});
