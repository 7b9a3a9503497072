/** What AWS, or the way to it, did not do: told apart because each wants another step of a person. */
export type AwsFailure = 'denied' | 'credentials' | 'clock' | 'network' | 'service';

const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'Forbidden',
  'UnauthorizedOperation',
]);
const credentials = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);
const clock = new Set(['RequestTimeTooSkewed', 'RequestExpired']);
const network = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'NetworkingError',
  'RequestTimeout',
  'TimeoutError',
]);
/** Too much at once, or two writes at once: S3's conflict wants the same request again. */
const busy = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

interface ErrorFacts {
  readonly code?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
  };
}

/** The name under which an error is looked up: Node's code, or AWS's name. */
export function errorCode(error: Error): string {
  const { code } = error as ErrorFacts;
  return typeof code === 'string' ? code : error.name;
}

/** Facts of an error that an AWS service answered with; undefined of any other error. */
export function awsAnswer(error: unknown): ErrorFacts['$metadata'] {
  return error instanceof Error ? (error as ErrorFacts).$metadata : undefined;
}

/** Says what kind of failure of AWS an error is; undefined where it is none. */
export function awsFailure(error: unknown): AwsFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = errorCode(error);
  if (denied.has(code)) return 'denied';
  if (credentials.has(code)) return 'credentials';
  if (clock.has(code)) return 'clock';
  if (network.has(code)) return 'network';
  const { httpStatusCode = 0 } = awsAnswer(error) ?? {};
  if (busy.has(code) || httpStatusCode === 429 || httpStatusCode >= 500) return 'service';
  return undefined;
}

/** Says whether the same call may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  const failure = awsFailure(error);
  return failure === 'network' || failure === 'service';
}
