import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

export interface CommandDocumentProps {
  readonly description: string;
  /** What the one parameter, `request`, is. */
  readonly request: string;
  readonly stepName: string;
  /** The program under `/opt/czar` that takes it. Its boot script writes it last. */
  readonly program: string;
  readonly longestSeconds: number;
}

/**
 * An SSM document that gives a machine's program its one parameter, in base64url, so that nothing of
 * a request is ever a word of a shell.
 *
 * It waits for the program, which the machine's boot script writes last: SSM's agent is up before that.
 */
export function commandDocument(
  scope: Construct,
  id: string,
  { description, request, stepName, program, longestSeconds }: CommandDocumentProps,
): CfnDocument {
  return new CfnDocument(scope, id, {
    documentType: 'Command',
    targetType: '/AWS::EC2::Instance',
    updateMethod: 'NewVersion',
    content: {
      schemaVersion: '2.2',
      description,
      parameters: {
        request: {
          type: 'String',
          description: request,
          allowedPattern: '^[A-Za-z0-9_-]{1,16384}$',
        },
      },
      mainSteps: [
        {
          action: 'aws:runShellScript',
          name: stepName,
          inputs: {
            timeoutSeconds: String(longestSeconds),
            runCommand: [
              `run="\${CZAR_ROOT:-}/opt/czar/${program}"`,
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
