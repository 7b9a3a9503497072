import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  CreatedResource,
  ResourceHandler,
  Service,
  SessionCredentials,
  Surroundings,
} from '../../../../local/api.ts';
import { systemClock, type Clock } from '../../../../local/clock.ts';
import { AccessLog } from '../../../../local/gateway/access-log.ts';
import { startGateway } from '../../../../local/gateway/gateway.ts';
import { createInternalCalls } from '../../../../local/gateway/internal-call.ts';
import { createIamService } from '../../../../local/services/iam/iam-service.ts';
import {
  createLambdaService,
  type LambdaService,
} from '../../../../local/services/lambda/lambda-service.ts';
import type { PoolOptions } from '../../../../local/services/lambda/sandbox-pool.ts';

/** A line that a service wrote to CloudWatch Logs. */
export interface LogLine {
  readonly group: string;
  readonly stream: string;
  readonly message: string;
}

export interface SmallCloudOptions {
  readonly clock?: Clock;
  readonly pool?: PoolOptions;
}

/** The real gateway and IAM with Lambda behind, and whatever services a test adds. */
export interface SmallCloud {
  readonly surroundings: Surroundings;
  readonly directory: string;
  readonly lambda: LambdaService;
  readonly logs: readonly LogLine[];
  readonly defects: readonly unknown[];
  serve<T extends Service>(service: T): T;
  declare(
    type: string,
    logicalId: string,
    properties: Record<string, unknown>,
  ): Promise<CreatedResource>;
  /** Declares a role that may do what the statements say. */
  role(name: string, ...statements: object[]): Promise<string>;
  /** Declares a function whose bundle is this `index.mjs`, and returns its ARN. */
  fn(name: string, source: string, properties?: Record<string, unknown>): Promise<string>;
  credentials(roleArn: string): SessionCredentials;
  accessLog(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

const accountId = '111122223333';
const region = 'us-east-1';

export async function startSmallCloud({
  clock = systemClock,
  pool,
}: SmallCloudOptions = {}): Promise<SmallCloud> {
  const directory = mkdtempSync(join(tmpdir(), 'small-cloud-'));
  const accessLog = new AccessLog(join(directory, 'access-log.jsonl'));
  const iam = createIamService(clock, accountId);
  const logs: LogLine[] = [];
  const defects: unknown[] = [];
  const gateway = await startGateway({
    accountId,
    region,
    clock,
    accessLog,
    sessions: (id) => iam.sessions.find(id),
    reportDefect: (error) => defects.push(error),
  });
  const surroundings: Surroundings = {
    accountId,
    region,
    partition: 'aws',
    clock,
    directory,
    endpoint: () => gateway.endpoint,
    principals: iam.sessions,
    callAs: createInternalCalls({ accountId, region, clock, accessLog }),
  };
  const services: Service[] = [];
  const handlers = new Map<string, ResourceHandler>();
  const serve = <T extends Service>(service: T): T => {
    services.push(service);
    gateway.serve(service);
    for (const handler of service.resources) handlers.set(handler.type, handler);
    return service;
  };
  serve(iam);
  const lambda = serve(
    createLambdaService(
      surroundings,
      (bucket, key) => (bucket === 'assets' ? join(directory, 'assets', key) : undefined),
      { append: (group, stream, message) => logs.push({ group, stream, message }) },
      pool,
    ),
  );
  const declare: SmallCloud['declare'] = async (type, logicalId, properties) => {
    const handler = handlers.get(type);
    if (handler === undefined) throw new Error(`nobody creates ${type}`);
    return handler.create({ stack: 'Test', logicalId, type, properties, tags: {} });
  };
  const role: SmallCloud['role'] = async (name, ...statements) => {
    const created = await declare('AWS::IAM::Role', name, {
      RoleName: name,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        ],
      },
      Policies:
        statements.length === 0
          ? []
          : [
              {
                PolicyName: 'p',
                PolicyDocument: {
                  Version: '2012-10-17',
                  Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
                },
              },
            ],
    });
    return created.attributes?.Arn ?? '';
  };
  return {
    surroundings,
    directory,
    lambda,
    logs,
    defects,
    serve,
    declare,
    role,
    async fn(name, source, properties = {}) {
      const root = join(directory, 'assets', name);
      mkdirSync(root, { recursive: true });
      writeFileSync(join(root, 'index.mjs'), source);
      const created = await declare('AWS::Lambda::Function', `${name}Function`, {
        FunctionName: name,
        Code: { S3Bucket: 'assets', S3Key: name },
        Handler: 'index.handler',
        Role: properties.Role ?? (await role(`${name}-role`)),
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Timeout: 30,
        ...properties,
      });
      return created.attributes?.Arn ?? '';
    },
    credentials: (roleArn) => iam.sessions.issue(roleArn, 'tester'),
    async accessLog() {
      await accessLog.flush();
      return readFileSync(accessLog.path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async stop() {
      await Promise.all(services.flatMap((service) => service.stop?.() ?? []));
      await gateway.stop();
      await accessLog.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
