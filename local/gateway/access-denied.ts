import { ApiError, type Protocol } from '../api.ts';

/** Services whose word for a refusal is their own. */
const ownCodes: Readonly<Record<string, string>> = { sns: 'AuthorizationError' };

/** What marks an {@link ApiError} as a refusal by policy: the access log writes one code for all. */
const refusals = new WeakSet<ApiError>();

function refusal(signingName: string, protocol: Protocol, because: string): ApiError {
  switch (protocol) {
    case 'json':
      return new ApiError('AccessDeniedException', because, 400);
    case 'rest-json':
      return new ApiError('AccessDeniedException', because, 403);
    case 'query':
      return new ApiError(ownCodes[signingName] ?? 'AccessDenied', because, 403);
    case 'ec2-query':
      return new ApiError(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${because}`,
        403,
      );
    case 'rest-xml':
      return new ApiError('AccessDenied', because, 403);
  }
}

/** The error that a service answers where the policies do not allow a call. */
export function accessDenied(signingName: string, protocol: Protocol, because: string): ApiError {
  const error = refusal(signingName, protocol, because);
  refusals.add(error);
  return error;
}

/** Whether an error says that the policies do not allow a call. */
export function isAccessDenied(error: unknown): boolean {
  return error instanceof ApiError && refusals.has(error);
}
