import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstanceNetwork, Service } from '../../../local/api.ts';
import { systemClock, type Clock } from '../../../local/clock.ts';
import { AccessLog } from '../../../local/gateway/access-log.ts';
import type { CloudTrailRecord } from '../../../local/gateway/cloudtrail-record.ts';
import { startGateway, type Gateway } from '../../../local/gateway/gateway.ts';
import { createIamService, type IamService } from '../../../local/services/iam/iam-service.ts';
import { createStsService } from '../../../local/services/sts/sts-service.ts';

export const accountId = '111122223333';
export const region = 'us-east-1';

export interface ToyCloud {
  readonly gateway: Gateway;
  readonly iam: IamService;
  readonly directory: string;
  /** What was no answer of AWS's. */
  readonly defects: unknown[];
  /** Client settings of a role's session. */
  as(
    role: string,
    options?: Parameters<IamService['sessions']['issue']>[2],
  ): {
    endpoint: string;
    region: string;
    credentials: ReturnType<IamService['sessions']['issue']>;
    maxAttempts: number;
  };
  /** Adds a role with one inline policy; answers its ARN. */
  role(
    name: string,
    statements: readonly object[],
    options?: { trust?: object; tags?: Record<string, string> },
  ): string;
  serve(service: Service): void;
  connect(network: InstanceNetwork): void;
  log(): Promise<CloudTrailRecord[]>;
  stop(): Promise<void>;
}

export const trustAccount = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: 'sts:AssumeRole',
    },
  ],
};

/** A gateway with IAM and STS behind it, and whatever else a test serves. */
export async function startToyCloud(clock: Clock = systemClock): Promise<ToyCloud> {
  const directory = await mkdtemp(join(tmpdir(), 'toy-cloud-'));
  const accessLog = new AccessLog(join(directory, 'access-log.jsonl'));
  const iam = createIamService(clock, accountId);
  const defects: unknown[] = [];
  const gateway = await startGateway({
    accountId,
    region,
    clock,
    accessLog,
    sessions: (accessKeyId) => iam.sessions.find(accessKeyId),
    reportDefect: (error) => defects.push(error),
  });
  gateway.serve(createStsService(iam));
  const createRole = iam.resources.find(({ type }) => type === 'AWS::IAM::Role');
  return {
    gateway,
    iam,
    directory,
    defects,
    as: (role, options) => ({
      endpoint: gateway.endpoint,
      region,
      credentials: iam.sessions.issue(iam.roles.named(role).arn, 'tester', options),
      maxAttempts: 1,
    }),
    role: (name, statements, { trust = trustAccount, tags = {} } = {}) => {
      void createRole?.create({
        stack: 'Test',
        logicalId: name,
        type: 'AWS::IAM::Role',
        properties: {
          RoleName: name,
          AssumeRolePolicyDocument: trust,
          Policies:
            statements.length === 0
              ? []
              : [
                  {
                    PolicyName: 'Rights',
                    PolicyDocument: { Version: '2012-10-17', Statement: statements },
                  },
                ],
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        },
        tags: {},
      });
      return iam.roles.named(name).arn;
    },
    serve: (service) => gateway.serve(service),
    connect: (network) => gateway.connect(network),
    log: async () => {
      await accessLog.flush();
      const text = await readFile(accessLog.path, 'utf8');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as CloudTrailRecord);
    },
    stop: async () => {
      await gateway.stop();
      await accessLog.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
