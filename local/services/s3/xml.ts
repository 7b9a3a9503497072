import { XMLParser } from 'fast-xml-parser';
import * as z from 'zod';
import { ApiError } from '../../api.ts';

/** What an element holds. A list under a name repeats the element; undefined leaves it out. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [name: string]: XmlContent };

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Characters that XML would read as markup, or normalize on the way: object keys may hold them all. */
const special = /[&<>"\u0000-\u001f\u007f-\u009f\u2028]/g;

function escaped(text: string): string {
  return text.replace(
    special,
    (character) => entities[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  );
}

function isList(content: XmlContent): content is readonly XmlContent[] {
  return Array.isArray(content);
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return '';
  if (isList(content)) return content.map((one) => element(name, one)).join('');
  if (typeof content !== 'object') return `<${name}>${escaped(String(content))}</${name}>`;
  const inner = Object.entries(content).map(([child, value]) => element(child, value));
  return `<${name}>${inner.join('')}</${name}>`;
}

/** Writes an answer of S3. */
export function writeXml(root: string, content: XmlContent): string {
  const body = element(root, content).replace(
    root,
    `${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
}

const malformed = (): ApiError =>
  new ApiError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

function parsed(parser: XMLParser, text: string): unknown {
  try {
    return parser.parse(text);
  } catch {
    throw malformed();
  }
}

/** Whitespace between elements is text to the parser; that inside a leaf belongs to its value. */
function withoutLayout(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLayout);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== '#text')
      .map(([name, child]) => [name, withoutLayout(child)]),
  );
}

/**
 * Reads the XML body of a request.
 *
 * The schema is strict; elements in `lists` are lists even when there is one.
 *
 * @throws ApiError MalformedXML, or NotImplemented naming an element that is not supported.
 */
export function readXml<T>(
  text: string,
  root: string,
  lists: readonly string[],
  schema: z.ZodType<T>,
): T {
  if (text.includes('<!')) throw malformed();
  const parser = new XMLParser({
    ignoreAttributes: true,
    ignoreDeclaration: true,
    parseTagValue: false,
    trimValues: false,
    htmlEntities: true,
    isArray: (name) => lists.includes(name),
  });
  const document = z.object({ [root]: z.unknown() }).safeParse(parsed(parser, text));
  const content = schema.safeParse(withoutLayout(document.data?.[root]));
  if (content.success) return content.data;
  const issue = content.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new ApiError(
      'NotImplemented',
      `S3: element ${root}.${[...issue.path, ...issue.keys].map(String).join('.')} is not supported by the embedded cloud`,
      501,
    );
  }
  throw malformed();
}
