import { AwsUnavailableError, CzarError, PermissionError } from '../workflow/model/errors.ts';

/** Names under which AWS's services say "later": the SDK's list, and what EC2 adds. */
const throttling = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

/** Names under which AWS's services say "never". */
const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
]);

/** What Node and the SDK call a connection that broke, or never came about. */
const network = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'NetworkingError',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
]);

/** What an AWS SDK error tells besides its name. */
interface ErrorFacts {
  readonly code?: unknown;
  readonly $fault?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** Says whether an error is an AWS service's, of one of these names. */
export function isAwsError(error: unknown, names: ReadonlySet<string>): error is Error {
  return error instanceof Error && '$metadata' in error && names.has(error.name);
}

/**
 * Turns an error of the AWS SDK into one that the state machine can match.
 *
 * Runs after the SDK's own three tries. Errors of ours, and AWS errors that name a fact of their
 * own (`TopicNotFound`), are answered as they are. The message has the AWS name and request id
 * only: what AWS wrote may repeat what was sent.
 */
export function translateAwsError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CzarError) return error;
  const { code, $fault, $metadata } = error as Error & ErrorFacts;
  const status = $metadata?.httpStatusCode ?? 0;
  const told = `${error.name}, request ${$metadata?.requestId ?? 'without an id'}`;
  if (denied.has(error.name) || ($metadata !== undefined && status === 403)) {
    return new PermissionError(`AWS denied a call: ${told}`, { cause: error });
  }
  const unavailable =
    throttling.has(error.name) ||
    network.has(error.name) ||
    (typeof code === 'string' && network.has(code)) ||
    ($metadata !== undefined && ($fault === 'server' || status === 429 || status >= 500));
  return unavailable
    ? new AwsUnavailableError(`AWS did not answer a call: ${told}`, { cause: error })
    : error;
}
