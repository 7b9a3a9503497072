import { createHash } from 'node:crypto';

/** What of a request a signature covers. */
export interface SignedContent {
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Names and values in turn, as Node gives `rawHeaders`. */
  readonly rawHeaders: readonly string[];
  readonly signedHeaders: readonly string[];
  /** SHA-256 of the body in hex, or a word such as `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string;
}

/** Percent-encodes everything but RFC 3986's unreserved characters. */
function escapeAll(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Decodes what can be decoded: a stray `%` stays as it is and then fits no signature. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** S3 signs the path encoded once and never tidied: `//` and `..` are parts of a key. */
function canonicalKeyPath(rawPath: string): string {
  return rawPath
    .split('/')
    .map((segment) => escapeAll(unescape(segment)))
    .join('/');
}

/** Every other service signs the tidied path encoded a second time. */
function canonicalPath(rawPath: string): string {
  const segments: string[] = [];
  for (const segment of rawPath.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(escapeAll(segment));
  }
  const trailing = rawPath.endsWith('/') && segments.length > 0 ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  return rawQuery
    .split('&')
    .filter((pair) => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      const value = equals < 0 ? '' : pair.slice(equals + 1);
      return [escapeAll(unescape(name)), escapeAll(unescape(value))] as const;
    })
    .sort(([name, value], [otherName, otherValue]) => {
      if (name !== otherName) return name < otherName ? -1 : 1;
      if (value === otherValue) return 0;
      return value < otherValue ? -1 : 1;
    })
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalHeaders({ rawHeaders, signedHeaders }: SignedContent): string {
  const values = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1]?.trim().replace(/\s+/g, ' ') ?? '';
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return signedHeaders.map((name) => `${name}:${(values.get(name) ?? []).join(',')}\n`).join('');
}

/**
 * The canonical request of Signature Version 4.
 *
 * @see IAM User Guide, "Create a signed AWS API request"
 */
export function canonicalRequest(service: string, content: SignedContent): string {
  return [
    content.method,
    service === 's3' ? canonicalKeyPath(content.rawPath) : canonicalPath(content.rawPath),
    canonicalQuery(content.rawQuery),
    canonicalHeaders(content),
    content.signedHeaders.join(';'),
    content.payloadHash,
  ].join('\n');
}

/** SHA-256 in hex, the form in which signatures speak of everything. */
export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
