import { expect } from 'vitest';

/** `expect`'s own matchers are `any`, which has no place in an expected object. */
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const containing = (text: string): unknown => expect.stringContaining(text);
export const partly = (fields: object): unknown => expect.objectContaining(fields);
export const including = (items: unknown[]): unknown => expect.arrayContaining(items);
export const anyText: unknown = expect.any(String);
export const anyDate: unknown = expect.any(Date);
