import type { IncomingMessage } from 'node:http';
import {
  type Access,
  ApiError,
  type ApiResponse,
  type Call,
  type CallRecord,
  type Service,
} from '../../../../local/api.ts';
import { errorDocument } from '../../../../local/gateway/error-document.ts';
import { accountId } from './worker-template.ts';

/** Hands a request to a service as the gateway does, with the test's word for the policies'. */
export async function answerRequest(
  service: Service,
  request: IncomingMessage,
  authorize: (access: Access) => void,
  records: CallRecord[],
): Promise<ApiResponse> {
  const asked: Access[] = [];
  const told: CallRecord[] = [];
  const call: Call = {
    requestId: 'a4f7ccaa-0000-4000-8000-000000000000',
    caller: { type: 'AssumedRole', accountId, principalArn: 'arn:test', identityPolicies: [] },
    time: new Date(),
    authorize(access) {
      asked.push(access);
      authorize(access);
    },
    authorizeVia: (_, access) => authorize(access),
    needsNoPermission: () => neverCalled(),
    record: (details) => told.push(details),
  };
  try {
    const { method = '', url = '', headers } = request;
    const given = { method, url: new URL(url, 'http://test'), headers, body: request };
    const answered = await service.handle(given, call);
    if (asked.length === 0) throw new Error('answered without having asked the policies');
    return answered;
  } catch (error) {
    const failure =
      error instanceof ApiError ? error : new ApiError('InternalFailure', String(error), 500);
    return errorDocument(service.protocol, failure, call.requestId);
  } finally {
    records.push(...told.slice(-1));
  }
}

/** What a test does not expect to be called. */
export function neverCalled(): never {
  throw new Error('the test did not expect this call');
}
