import type { ApiError, ApiResponse, Protocol } from '../api.ts';

/** Text as it may stand in an XML element. */
export function xmlText(text: string): string {
  const entities: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
  return text.replace(/[<>&]/g, (character) => entities[character] ?? '');
}

function element(name: string, value: string): string {
  return `<${name}>${xmlText(value)}</${name}>`;
}

function elements(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join('');
}

function xml(status: number, body: string, headers: Readonly<Record<string, string>>): ApiResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

/** What SQS calls an error in its older protocol, where that differs. */
const queryCodes: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
};

/** The header in which a protocol returns the request's id. */
export function requestIdHeaders(protocol: Protocol, requestId: string): Record<string, string> {
  if (protocol !== 'rest-xml') return { 'x-amzn-requestid': requestId };
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': 'embedded' };
}

/**
 * Writes an error as a service of this protocol does, so that SDKs throw the class they would for AWS.
 *
 * `queryCompatible` adds what SQS answers for clients of its older protocol.
 */
export function errorDocument(
  protocol: Protocol,
  error: ApiError,
  requestId: string,
  { queryCompatible = false }: { readonly queryCompatible?: boolean } = {},
): ApiResponse {
  const { code, message, status, fields } = error;
  const headers = requestIdHeaders(protocol, requestId);
  const fault = status >= 500 ? 'Receiver' : 'Sender';
  const summary = `${element('Code', code)}${element('Message', message)}${elements(fields)}`;
  switch (protocol) {
    case 'json':
    case 'rest-json':
      return {
        status,
        headers: {
          'content-type': protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json',
          'x-amzn-errortype': code,
          ...(queryCompatible
            ? { 'x-amzn-query-error': `${queryCodes[code] ?? code};${fault}` }
            : {}),
          ...headers,
        },
        body: JSON.stringify({ __type: code, message, ...fields }),
      };
    case 'query':
      return xml(
        status,
        `<ErrorResponse><Error>${element('Type', fault)}${summary}</Error>${element('RequestId', requestId)}</ErrorResponse>`,
        headers,
      );
    case 'ec2-query':
      return xml(
        status,
        `<Response><Errors><Error>${summary}</Error></Errors>${element('RequestID', requestId)}</Response>`,
        headers,
      );
    case 'rest-xml':
      return xml(
        status,
        `<Error>${summary}${element('RequestId', requestId)}${element('HostId', 'embedded')}</Error>`,
        { ...headers, 'content-type': 'application/xml' },
      );
  }
}
