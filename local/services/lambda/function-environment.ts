import type { SessionCredentials, Surroundings } from '../../api.ts';
import type { DeclaredFunction } from './declared-function.ts';

/**
 * The whole environment of a function's process: the template's variables and Lambda's own.
 *
 * Nothing is inherited. `AWS_ENDPOINT_URL` leads every SDK client to the gateway; `HOME` and `TMPDIR`
 * are the sandbox's, so that neither the host's AWS configuration nor its temporary directory is seen.
 */
export function functionEnvironment(
  declared: DeclaredFunction,
  { region, endpoint }: Surroundings,
  credentials: SessionCredentials,
  sandbox: { readonly logStreamName: string; readonly temporaryDirectory: string },
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoint(),
    AWS_EXECUTION_ENV: `AWS_Lambda_${declared.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(declared.memoryMb),
    AWS_LAMBDA_FUNCTION_NAME: declared.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: declared.logFormat,
    AWS_LAMBDA_LOG_GROUP_NAME: declared.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: sandbox.logStreamName,
    AWS_REGION: region,
    HOME: sandbox.temporaryDirectory,
    LAMBDA_TASK_ROOT: declared.taskRoot,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TMPDIR: sandbox.temporaryDirectory,
    TZ: ':UTC',
    _HANDLER: declared.handler,
    ...declared.environment,
  };
}
