import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

/**
 * Longest that SSM lets a command run: two days, its limit. The batch's own limit is shorter, and
 * the state machine's.
 */
const longestSeconds = 172_800;

/**
 * The one SSM document that drives workers. Its one parameter is a `WorkerCommand` in base64url, so
 * nothing of a request is ever a word of a shell.
 *
 * It waits for `run-worker`, which the boot script writes last: SSM's agent is up before that.
 */
export function workerDocument(scope: Construct, id: string): CfnDocument {
  return new CfnDocument(scope, id, {
    documentType: 'Command',
    targetType: '/AWS::EC2::Instance',
    updateMethod: 'NewVersion',
    content: {
      schemaVersion: '2.2',
      description: 'Gives a worker one command; it answers to the state machine itself',
      parameters: {
        request: {
          type: 'String',
          description: 'A WorkerCommand: base64url of JSON',
          allowedPattern: '^[A-Za-z0-9_-]{1,16384}$',
        },
      },
      mainSteps: [
        {
          action: 'aws:runShellScript',
          name: 'runWorker',
          inputs: {
            timeoutSeconds: String(longestSeconds),
            runCommand: [
              'run="${CZAR_ROOT:-}/opt/czar/run-worker"',
              'tries=0',
              'while [ ! -x "$run" ] && [ "$tries" -lt 600 ]; do sleep 0.5; tries=$((tries+1)); done',
              'exec "$run" \'{{ request }}\'',
            ],
          },
        },
      ],
    },
  });
}
