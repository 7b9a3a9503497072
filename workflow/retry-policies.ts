import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps, Errors } from 'aws-cdk-lib/aws-stepfunctions';
import {
  AwsUnavailableError,
  InsufficientCapacityError,
  StillEvaporatingError,
  StillOpeningError,
  WorkerLostError,
} from './model/errors.ts';

/**
 * A retry policy. The waits said beside each are the longest: full jitter draws each one between
 * nothing and its turn of the back-off, so that 40 workers do not come back in step.
 */
export type RetryPolicy = Required<Omit<RetryProps, 'maxDelay'>> & Pick<RetryProps, 'maxDelay'>;

const { FULL } = JitterType;

/**
 * Lambda itself failed, was busy, or lost the function: 1 + 2 + 4 + 8 + 16 + 30 = 61 s.
 *
 * Every task can be repeated, so a function that died in the middle is among them.
 */
export const lambdaFailed: RetryPolicy = {
  errors: [
    'Lambda.ClientExecutionTimeoutException',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.TooManyRequestsException',
    'Lambda.Unknown',
    'Sandbox.Timedout',
  ],
  interval: Duration.seconds(1),
  backoffRate: 2,
  maxDelay: Duration.seconds(30),
  maxAttempts: 6,
  jitterStrategy: FULL,
};

/** A service behind a task throttled or failed: 2 + 4 + 8 + 16 + 32 + 60 = 122 s. */
export const awsUnavailable: RetryPolicy = {
  errors: [AwsUnavailableError.code],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(60),
  maxAttempts: 6,
  jitterStrategy: FULL,
};

/**
 * EC2 has no room: 30 + 60 + 120 + 240 = 450 s. After that a fresh attempt asks in another zone.
 */
export const noCapacity: RetryPolicy = {
  errors: [InsufficientCapacityError.code],
  interval: Duration.seconds(30),
  backoffRate: 2,
  maxDelay: Duration.seconds(240),
  maxAttempts: 4,
  jitterStrategy: FULL,
};

/** The batch is larger than one call of Open Batch: 11 more calls take it to ten million objects. */
export const stillOpening: RetryPolicy = {
  errors: [StillOpeningError.code],
  interval: Duration.seconds(1),
  backoffRate: 1,
  maxAttempts: 11,
  jitterStrategy: FULL,
};

/**
 * Instances take one to three minutes to end, a revoked grant up to five to leave KMS's list:
 * 2 + 3 + 4.5 + 6.75 + 10.125 + 15.1875 + 22.78125 + 33 x 30 = 1,054 s, half of it on average.
 */
export const stillEvaporating: RetryPolicy = {
  errors: [StillEvaporatingError.code],
  interval: Duration.seconds(2),
  backoffRate: 1.5,
  maxDelay: Duration.seconds(30),
  maxAttempts: 40,
  jitterStrategy: FULL,
};

/** The worker that consolidates was lost: two others are asked, one after the other. 5 + 5 = 10 s. */
export const anotherWorker: RetryPolicy = {
  errors: [WorkerLostError.code, Errors.HEARTBEAT_TIMEOUT],
  interval: Duration.seconds(5),
  backoffRate: 1,
  maxAttempts: 2,
  jitterStrategy: FULL,
};
