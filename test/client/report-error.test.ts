import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { UserError } from '../../client/exit-codes.ts';
import { reportError } from '../../client/report-error.ts';

const secret = "ENOENT: no such file, open '/home/k/John-Doe-1938-01-31.csv'";

function named(name: string, facts: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(secret), { name, ...facts });
}

const aws = (name: string, httpStatusCode: number): Error =>
  named(name, { $metadata: { httpStatusCode, requestId: 'request-1' } });

describe('an error is told with an exit code and never with its own words:', () => {
  it.each([
    ['denied', aws('AccessDenied', 403), 77, 'AccessDenied'],
    ['denied by KMS', aws('AccessDeniedException', 400), 77, 'AccessDeniedException'],
    ['expired credentials', aws('ExpiredTokenException', 400), 77, 'no valid AWS credentials'],
    ['no credentials', named('CredentialsProviderError'), 77, 'no valid AWS credentials'],
    ['a wrong clock', aws('RequestTimeTooSkewed', 403), 77, 'clock is wrong'],
    ['no network', named('Error', { code: 'ENOTFOUND' }), 75, 'cannot be reached (ENOTFOUND)'],
    ['a cut connection', named('TimeoutError', { code: 'ECONNRESET' }), 75, 'cannot be reached'],
    ['a service in trouble', aws('InternalError', 500), 75, 'failed to answer (InternalError)'],
    ['throttling', aws('ThrottlingException', 400), 75, 'failed to answer'],
    ['another refusal', aws('NoSuchBucket', 404), 69, 'NoSuchBucket, request request-1'],
    ['a full disk', named('Error', { code: 'ENOSPC', syscall: 'write' }), 73, 'disk is full'],
    ['a file', named('Error', { code: 'EACCES', syscall: 'open' }), 73, '(EACCES)'],
    ['a defect', new TypeError(secret), 70, 'a defect of czar: TypeError'],
    ['no error at all', secret, 70, 'unexpected failure'],
    ['a record of another form', z.string().safeParse(1).error, 69, 'bring both to one version'],
  ])('%s', (_what, thrown, exitCode, words) => {
    const { exitCode: code, message } = reportError(thrown);

    expect(code).toBe(exitCode);
    expect(message).toContain(words);
    expect(message).not.toMatch(/john|home|csv/i);
  });

  it('what is meant for a person stays as it is', () => {
    const error = new UserError('badInput', 'file 3 is empty');

    expect(reportError(error)).toBe(error);
  });
});
