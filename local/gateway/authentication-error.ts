import { ApiError, type Protocol } from '../api.ts';

/** Why a request is from nobody. */
export type AuthenticationProblem =
  | 'missing'
  | 'incomplete'
  | 'unknown-key'
  | 'wrong-token'
  | 'wrong-signature'
  | 'wrong-scope'
  | 'wrong-time'
  | 'expired-session'
  | 'expired-url';

/** A request whose signature does not say who makes it. {@link authenticationFailure} puts it in a service's words. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly problem: AuthenticationProblem;

  constructor(problem: AuthenticationProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

type Codes = Readonly<Record<AuthenticationProblem, readonly [code: string, status: number]>>;

const exceptions = (status: number): Codes => ({
  missing: ['MissingAuthenticationTokenException', status],
  incomplete: ['IncompleteSignatureException', status],
  'unknown-key': ['UnrecognizedClientException', status],
  'wrong-token': ['UnrecognizedClientException', status],
  'wrong-signature': ['InvalidSignatureException', status],
  'wrong-scope': ['InvalidSignatureException', status],
  'wrong-time': ['InvalidSignatureException', status],
  'expired-session': ['ExpiredTokenException', status],
  'expired-url': ['InvalidSignatureException', status],
});

const codes: Readonly<Record<Protocol, Codes>> = {
  json: exceptions(400),
  'rest-json': exceptions(403),
  query: {
    missing: ['MissingAuthenticationToken', 403],
    incomplete: ['IncompleteSignature', 400],
    'unknown-key': ['InvalidClientTokenId', 403],
    'wrong-token': ['InvalidClientTokenId', 403],
    'wrong-signature': ['SignatureDoesNotMatch', 403],
    'wrong-scope': ['SignatureDoesNotMatch', 403],
    'wrong-time': ['SignatureDoesNotMatch', 403],
    'expired-session': ['ExpiredToken', 403],
    'expired-url': ['SignatureDoesNotMatch', 403],
  },
  'ec2-query': {
    missing: ['MissingAuthenticationToken', 400],
    incomplete: ['IncompleteSignature', 400],
    'unknown-key': ['AuthFailure', 401],
    'wrong-token': ['AuthFailure', 401],
    'wrong-signature': ['AuthFailure', 401],
    'wrong-scope': ['AuthFailure', 401],
    'wrong-time': ['RequestExpired', 400],
    'expired-session': ['RequestExpired', 400],
    'expired-url': ['RequestExpired', 400],
  },
  'rest-xml': {
    missing: ['AccessDenied', 403],
    incomplete: ['AuthorizationHeaderMalformed', 400],
    'unknown-key': ['InvalidAccessKeyId', 403],
    'wrong-token': ['InvalidToken', 400],
    'wrong-signature': ['SignatureDoesNotMatch', 403],
    'wrong-scope': ['AuthorizationHeaderMalformed', 400],
    'wrong-time': ['RequestTimeTooSkewed', 403],
    'expired-session': ['ExpiredToken', 400],
    'expired-url': ['AccessDenied', 403],
  },
};

/** The error that a service of this protocol answers to a request from nobody. */
export function authenticationFailure(protocol: Protocol, error: AuthenticationError): ApiError {
  const [code, status] = codes[protocol][error.problem];
  return new ApiError(code, error.message, status);
}
