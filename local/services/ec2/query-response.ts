import type { ApiResponse } from '../../api.ts';

/** A value of an EC2 response; lists are written as `<item>` elements, undefined not at all. */
export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function text(value: string | number | boolean | Date): string {
  const plain = value instanceof Date ? value.toISOString() : String(value);
  return plain.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}

function content(value: Exclude<XmlValue, undefined>): string {
  if (typeof value !== 'object' || value instanceof Date) return text(value);
  if (isList(value)) return value.map((item) => element('item', item)).join('');
  return Object.entries(value)
    .map(([field, inner]) => element(field, inner))
    .join('');
}

function element(name: string, value: XmlValue, attributes = ''): string {
  return value === undefined ? '' : `<${name}${attributes}>${content(value)}</${name}>`;
}

/** Array.isArray takes readonly lists for anything. */
const isList = (value: object): value is readonly XmlValue[] => Array.isArray(value);

/** EC2's version of its API, the only one that SDKs speak. */
export const apiVersion = '2016-11-15';
const namespace = ` xmlns="http://ec2.amazonaws.com/doc/${apiVersion}/"`;

/** Answers an EC2 operation in the XML of its query protocol. */
export function queryResponse(
  operation: string,
  requestId: string,
  answer: Readonly<Record<string, XmlValue>>,
): ApiResponse {
  const body = element(`${operation}Response`, { requestId, ...answer }, namespace);
  return {
    status: 200,
    headers: { 'content-type': 'text/xml;charset=UTF-8' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}
