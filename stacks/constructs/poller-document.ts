import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { commandDocument } from './command-document.ts';

/** An hour, which a `PollCommand` may ask for, and ten minutes to seal what is due and to answer. */
const longestSeconds = 4_200;

/** The one SSM document that drives E. Its one parameter is a `PollCommand`. */
export const pollerDocument = (scope: Construct, id: string): CfnDocument =>
  commandDocument(scope, id, {
    description: 'Has the workbench poll once; it answers to the state machine itself',
    request: 'A PollCommand: base64url of JSON',
    stepName: 'runPoller',
    program: 'run-poller',
    longestSeconds,
  });
