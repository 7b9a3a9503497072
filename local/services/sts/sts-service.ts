import * as z from 'zod';
import { ApiError, type ApiResponse, type Call, type Service } from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { xmlText } from '../../gateway/error-document.ts';
import type { IamService } from '../iam/iam-service.ts';

const version = '2011-06-15';

const GetCallerIdentity = z.strictObject({
  Action: z.literal('GetCallerIdentity'),
  Version: z.literal(version),
});

const AssumeRole = z.strictObject({
  Action: z.literal('AssumeRole'),
  Version: z.literal(version),
  RoleArn: z.string(),
  RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/),
  DurationSeconds: z.coerce.number().int().min(900).max(43200).optional(),
  ExternalId: z.string().optional(),
  SerialNumber: z.string().optional(),
  TokenCode: z
    .string()
    .regex(/^\d{6}$/)
    .optional(),
});

/** Role chaining: AWS gives a session that a session asked for one hour at most. */
const longestChainedSeconds = 3600;

function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    throw new ApiError(
      'UnsupportedOperation',
      `STS: parameter ${issue.keys.join(', ')} is not supported by the embedded cloud`,
      501,
    );
  }
  throw new ApiError('ValidationError', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function answer(action: string, requestId: string, result: string): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/${version}/"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`,
  };
}

function getCallerIdentity(call: Call): ApiResponse {
  const { caller, requestId } = call;
  call.record({ eventName: 'GetCallerIdentity', readOnly: true });
  // AWS answers it to everyone, even under an explicit Deny.
  call.needsNoPermission();
  return answer(
    'GetCallerIdentity',
    requestId,
    `<UserId>${xmlText(caller.userId ?? '')}</UserId><Account>${caller.accountId}</Account><Arn>${xmlText(caller.principalArn)}</Arn>`,
  );
}

/** Whether a second factor was shown: a serial number and a code belong together. */
function multiFactor({ SerialNumber, TokenCode }: z.output<typeof AssumeRole>): boolean {
  if ((SerialNumber === undefined) !== (TokenCode === undefined))
    throw new ApiError('ValidationError', 'SerialNumber and TokenCode must be given together');
  return SerialNumber !== undefined;
}

function assumeRole(iam: IamService, input: z.output<typeof AssumeRole>, call: Call): ApiResponse {
  const { RoleArn, RoleSessionName, DurationSeconds, ExternalId } = input;
  const withMultiFactor = multiFactor(input);
  const requestParameters = {
    roleArn: RoleArn,
    roleSessionName: RoleSessionName,
    ...(DurationSeconds === undefined ? {} : { durationSeconds: DurationSeconds }),
  };
  const resources = [{ ARN: RoleArn, type: 'AWS::IAM::Role' }];
  call.record({ eventName: 'AssumeRole', readOnly: true, requestParameters, resources });
  const role = iam.roles.get(RoleArn);
  call.authorize({
    action: 'sts:AssumeRole',
    resource: RoleArn,
    context: {
      'sts:RoleSessionName': RoleSessionName,
      'sts:ExternalId': ExternalId,
      'aws:MultiFactorAuthPresent': withMultiFactor || call.caller.multiFactor === true,
      'aws:MultiFactorAuthAge': withMultiFactor ? 0 : undefined,
    },
    // A role that does not exist trusts nobody, and nobody learns that it does not exist.
    trustPolicy: role?.trustPolicy ?? { Statement: [] },
  });
  if (role === undefined) throw new Error('a role that does not exist was assumed');
  const lifetimeSeconds = DurationSeconds ?? longestChainedSeconds;
  if (lifetimeSeconds > Math.min(role.longestSession, longestChainedSeconds)) {
    throw new ApiError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  const session = iam.sessions.issue(RoleArn, RoleSessionName, {
    lifetimeSeconds,
    multiFactor: withMultiFactor,
  });
  const { accountId } = call.caller;
  const arn = `arn:aws:sts::${accountId}:assumed-role/${role.name}/${RoleSessionName}`;
  call.record({
    eventName: 'AssumeRole',
    readOnly: true,
    requestParameters,
    resources,
    responseElements: {
      credentials: {
        accessKeyId: session.accessKeyId,
        expiration: session.expiration.toISOString(),
      },
      assumedRoleUser: { assumedRoleId: `${role.id}:${RoleSessionName}`, arn },
    },
  });
  return answer(
    'AssumeRole',
    call.requestId,
    `<AssumedRoleUser><AssumedRoleId>${role.id}:${RoleSessionName}</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser><Credentials><AccessKeyId>${session.accessKeyId}</AccessKeyId><SecretAccessKey>${session.secretAccessKey}</SecretAccessKey><SessionToken>${session.sessionToken}</SessionToken><Expiration>${session.expiration.toISOString()}</Expiration></Credentials>`,
  );
}

/**
 * Creates STS: `GetCallerIdentity` and `AssumeRole`.
 *
 * Any six digits count as a second factor: the embedded cloud has no devices to ask.
 */
export function createStsService(iam: IamService): Service {
  return {
    signingName: 'sts',
    protocol: 'query',
    resources: [],
    handle: async (request, call) => {
      const input: Record<string, string> = Object.fromEntries(
        new URLSearchParams(await readBodyText(request.body)),
      );
      const { Action } = input;
      switch (Action) {
        case 'GetCallerIdentity':
          read(GetCallerIdentity, input);
          return getCallerIdentity(call);
        case 'AssumeRole':
          return assumeRole(iam, read(AssumeRole, input), call);
        default:
          throw new ApiError(
            'InvalidAction',
            `STS ${Action ?? ''} is not supported by the embedded cloud`,
            501,
          );
      }
    },
  };
}
