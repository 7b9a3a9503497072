/** A value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The ASL name of a JSON value's type, as AWS writes it in causes. */
export type JsonType = 'array' | 'boolean' | 'null' | 'number' | 'object' | 'string';

/** Tells the type of a JSON value in AWS's words. */
export function typeOfJson(value: Json): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      return 'object';
  }
}

interface JsonByType {
  array: Json[];
  boolean: boolean;
  null: null;
  number: number;
  object: Record<string, Json>;
  string: string;
}

/** The values of one type. */
export type JsonOf<T extends JsonType> = JsonByType[T];

/** Whether a value is of one type. */
export function isOfType<T extends JsonType>(type: T, value: Json): value is Json & JsonOf<T> {
  return typeOfJson(value) === type;
}

/** States pass at most 256 KiB to each other, counted in UTF-8. */
const PAYLOAD_LIMIT_BYTES = 256 * 1024;

/** Whether a JSON text is larger than Step Functions lets one state pass to another. */
export function exceedsPayloadLimit(text: string): boolean {
  return Buffer.byteLength(text) > PAYLOAD_LIMIT_BYTES;
}

/** Parses a JSON text: the one place where the result of `JSON.parse` is given its type. */
export function parseJson(text: string): Json {
  return JSON.parse(text) as Json;
}
