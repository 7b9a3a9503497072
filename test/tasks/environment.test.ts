import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { list, readEnvironment, text } from '../../tasks/environment.ts';

const schema = z.object({ STUDY: text, SUBNET_IDS: list });

describe('readEnvironment', () => {
  it('reads texts and lists', () => {
    const read = readEnvironment(schema, { STUDY: 'czarhipaa', SUBNET_IDS: 'a,b', OTHER: 'x' });

    expect(read).toEqual({ STUDY: 'czarhipaa', SUBNET_IDS: ['a', 'b'] });
  });

  it('names every variable that is missing or wrong, and no value', () => {
    const read = () => readEnvironment(schema, { STUDY: '', SUBNET_IDS: 'CANARY,' });

    expect(read).toThrow('environment variables missing or wrong: STUDY, SUBNET_IDS');
    expect(read).toThrow(expect.objectContaining({ name: 'ContractError' }));
  });
});
