import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventBus, ResourceHandler, Surroundings } from '../../../../local/api.ts';
import { systemClock, type Clock } from '../../../../local/clock.ts';
import { AccessLog } from '../../../../local/gateway/access-log.ts';
import type { IssuedSession } from '../../../../local/gateway/authenticate.ts';
import type { CloudTrailRecord } from '../../../../local/gateway/cloudtrail-record.ts';
import { startGateway } from '../../../../local/gateway/gateway.ts';
import { parsePolicy } from '../../../../local/policy/document.ts';
import { createKmsService } from '../../../../local/services/kms/kms-service.ts';
import { createS3Service } from '../../../../local/services/s3/s3-service.ts';

export const accountId = '111122223333';
export const region = 'us-east-1';

type BusEvent = Parameters<EventBus['put']>[0];

/** The SDK warns on the console of every failed upload of a stream: here they fail on purpose. */
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

const absent = (): never => {
  throw new Error('these services call nobody');
};

/** S3 and KMS behind the real gateway and the real policies, with principals made by hand. */
export async function startTestCloud(clock: Clock = systemClock) {
  const directory = await mkdtemp(join(tmpdir(), 'czar-storage-'));
  const accessLog = new AccessLog(join(directory, 'access.log'));
  const sessions = new Map<string, IssuedSession>();
  const events: BusEvent[] = [];
  const defects: unknown[] = [];
  const clients: { destroy(): void }[] = [];
  const surroundings: Surroundings = {
    accountId,
    region,
    partition: 'aws',
    clock,
    directory,
    endpoint: () => gateway.endpoint,
    principals: {
      issue: absent,
      roleCaller: absent,
      serviceCaller: absent,
      instanceProfileRole: absent,
      revokeInstance: absent,
    },
    callAs: absent,
  };
  const kms = createKmsService(surroundings);
  const s3 = createS3Service(surroundings, kms, { put: (event) => void events.push(event) });
  const gateway = await startGateway({
    accountId,
    region,
    clock,
    accessLog,
    sessions: (accessKeyId) => sessions.get(accessKeyId),
    reportDefect: (error) => void defects.push(error),
  });
  gateway.serve(kms);
  gateway.serve(s3);
  const handlers = new Map<string, ResourceHandler>(
    [...kms.resources, ...s3.resources].map((handler) => [handler.type, handler]),
  );

  /** Makes a role with these statements; answers the ARN of its one session. */
  function addRole(name: string, ...statements: Record<string, unknown>[]): string {
    const principalArn = `arn:aws:sts::${accountId}:assumed-role/${name}/session`;
    const document = { Version: '2012-10-17', Statement: statements };
    sessions.set(`ASIA${name.toUpperCase()}`, {
      secretAccessKey: 'secret',
      sessionToken: `token-of-${name}`,
      expiration: new Date('2100-01-01T00:00:00Z'),
      caller: () => ({
        accountId,
        principalArn,
        type: 'AssumedRole',
        accessKeyId: `ASIA${name.toUpperCase()}`,
        identityPolicies:
          statements.length > 0 ? [{ name: 'test', document: parsePolicy(document, name) }] : [],
      }),
    });
    return principalArn;
  }
  addRole('Admin', { Effect: 'Allow', Action: '*', Resource: '*' });

  const clientConfig = (role: string) => ({
    endpoint: gateway.endpoint,
    region,
    maxAttempts: 1,
    logger: silent,
    credentials: {
      accessKeyId: `ASIA${role.toUpperCase()}`,
      secretAccessKey: 'secret',
      sessionToken: `token-of-${role}`,
    },
  });

  function kept<T extends { destroy(): void }>(client: T): T {
    clients.push(client);
    return client;
  }

  return {
    directory,
    endpoint: gateway.endpoint,
    events,
    defects,
    s3,
    kms,
    addRole,
    clientConfig,
    s3Client: (role: string, config: S3ClientConfig = {}) =>
      kept(new S3Client({ ...clientConfig(role), ...config })),
    kmsClient: (role: string) => kept(new KMSClient(clientConfig(role))),

    /** Declares a resource as a template would; answers its `Ref` and attributes. */
    async declare(type: string, logicalId: string, properties: Record<string, unknown> = {}) {
      const handler = handlers.get(type);
      if (!handler) throw new Error(`no handler for ${type}`);
      const created = await handler.create({
        stack: 'Test-Data',
        logicalId,
        type,
        properties,
        tags: { pit: 'czarhipaa' },
      });
      return { ref: created.ref, arn: created.attributes?.Arn ?? '' };
    },

    /** Names of the files that hold bodies. */
    files: () => readdir(join(directory, 's3')),

    /** The access log so far. */
    async records(): Promise<CloudTrailRecord[]> {
      await accessLog.flush();
      const text = await readFile(accessLog.path, 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as CloudTrailRecord);
    },

    async stop(): Promise<void> {
      for (const client of clients) client.destroy();
      await gateway.stop();
      await s3.stop?.();
      await kms.stop?.();
      await accessLog.close();
      await rm(directory, { recursive: true });
    },
  };
}

export type TestCloud = Awaited<ReturnType<typeof startTestCloud>>;

/** The name and status of the error a call ends with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ readonly name: string; readonly status?: number; readonly message: string }> {
  try {
    await promise;
  } catch (error) {
    const { name, message, $metadata } = error as Error & {
      $metadata?: { httpStatusCode?: number };
    };
    return { name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error('the call was expected to fail');
}
