import { describe, expect, it } from 'vitest';
import {
  batchResultKey,
  inputKey,
  listingKey,
  manifestKey,
  objectResultKey,
  parseInputKey,
} from '../../../workflow/model/keys.ts';

const place = { study: 'czarhipaa', batchId: 'bcdfghjkw' };
const objectId = 'pgjtpcggkqndjphcbhqhr';

describe('keys', () => {
  it('tell the study, the batch and an id, and nothing else', () => {
    expect(inputKey(place, objectId)).toBe(`in/v1/czarhipaa/bcdfghjkw/${objectId}`);
    expect(manifestKey(place)).toBe('in/v1/czarhipaa/bcdfghjkw/manifest');
    expect(listingKey(place)).toBe('listings/v1/czarhipaa/bcdfghjkw');
    expect(objectResultKey(place, objectId)).toBe(`out/v1/czarhipaa/bcdfghjkw/objects/${objectId}`);
    expect(batchResultKey(place, 'ab12'.repeat(16))).toBe(
      'out/v1/czarhipaa/bcdfghjkw/results/ab12ab12ab12ab12',
    );
  });

  it('of inputs can be read back', () => {
    expect(parseInputKey(inputKey(place, objectId))).toEqual({
      kind: 'object',
      ...place,
      objectId,
    });
    expect(parseInputKey(manifestKey(place))).toEqual({ kind: 'manifest', ...place });
  });

  it.each([
    ['another prefix', `out/v1/czarhipaa/bcdfghjkw/${objectId}`],
    ['another version', `in/v2/czarhipaa/bcdfghjkw/${objectId}`],
    ['a name for a study', `in/v1/John Doe/bcdfghjkw/${objectId}`],
    ['no study', `in/v1//bcdfghjkw/${objectId}`],
    ['a batch with a wrong letter', `in/v1/czarhipaa/bcdfghjkx/${objectId}`],
    ['an object with a wrong letter', 'in/v1/czarhipaa/bcdfghjkw/pgjtpcggkqndjphcbhqhs'],
    ['a name for an object', 'in/v1/czarhipaa/bcdfghjkw/john-doe.csv'],
    ['a level more', `in/v1/czarhipaa/bcdfghjkw/${objectId}/x`],
    ['a level less', 'in/v1/czarhipaa/bcdfghjkw'],
    ['nothing', ''],
  ])('with %s are none of ours', (_what, key) => {
    expect(parseInputKey(key)).toBeUndefined();
  });
});
