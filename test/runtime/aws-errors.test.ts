import { describe, expect, it } from 'vitest';
import { isAwsError, translateAwsError } from '../../runtime/aws-errors.ts';
import { WorkerLostError } from '../../workflow/model/errors.ts';
import { awsError } from '../tasks/aws-error.ts';

describe('translateAwsError', () => {
  it.each([
    ['a throttled call', awsError('ThrottlingException')],
    ['a call over EC2’s request limit', awsError('RequestLimitExceeded')],
    ['a busy service', awsError('Anything', { status: 503, fault: 'server' })],
    ['too many requests', awsError('Anything', { status: 429 })],
    ['a broken connection', Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    ['a name that was not resolved', Object.assign(new Error('x'), { code: 'EAI_AGAIN' })],
    ['a timeout', Object.assign(new Error('x'), { name: 'TimeoutError' })],
  ])('makes AwsUnavailableError of %s', (_, error) => {
    const translated = translateAwsError(error);

    expect(translated).toMatchObject({ name: 'AwsUnavailableError', cause: error });
  });

  it.each([
    ['AccessDeniedException', awsError('AccessDeniedException')],
    ['EC2’s UnauthorizedOperation', awsError('UnauthorizedOperation', { status: 403 })],
    ['any 403', awsError('Forbidden', { status: 403 })],
  ])('makes PermissionError of %s', (_, error) => {
    expect(translateAwsError(error)).toMatchObject({ name: 'PermissionError', cause: error });
  });

  it('repeats nothing of what AWS wrote', () => {
    const translated = translateAwsError(awsError('ThrottlingException')) as Error;

    expect(translated.message).toBe(
      'AWS did not answer a call: ThrottlingException, request request-1',
    );
  });

  it.each([
    ['an error of ours', new WorkerLostError('gone')],
    ['an AWS error with a meaning of its own', awsError('TopicNotFound', { status: 404 })],
    ['a defect', new TypeError('x')],
    ['what is no error', 'text'],
  ])('leaves %s as it is', (_, error) => {
    expect(translateAwsError(error)).toBe(error);
  });
});

describe('isAwsError', () => {
  it('takes an error of another origin for none, whatever its name', () => {
    const names = new Set(['NotFoundException']);

    expect(isAwsError(awsError('NotFoundException'), names)).toBe(true);
    expect(isAwsError(awsError('Other'), names)).toBe(false);
    expect(isAwsError(Object.assign(new Error('x'), { name: 'NotFoundException' }), names)).toBe(
      false,
    );
  });
});
