import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { commandDocument } from './command-document.ts';

/**
 * Longest that SSM lets a command run: two days, its limit. The batch's own limit is shorter, and
 * the state machine's.
 */
const longestSeconds = 172_800;

/** The one SSM document that drives workers. Its one parameter is a `WorkerCommand`. */
export const workerDocument = (scope: Construct, id: string): CfnDocument =>
  commandDocument(scope, id, {
    description: 'Gives a worker one command; it answers to the state machine itself',
    request: 'A WorkerCommand: base64url of JSON',
    stepName: 'runWorker',
    program: 'run-worker',
    longestSeconds,
  });
