import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import {
  type Access,
  ApiError,
  type CallRecord,
  type CreatedResource,
  type Principals,
  type Service,
  type SessionOptions,
  type Surroundings,
} from '../../../../local/api.ts';
import { type Clock, systemClock } from '../../../../local/clock.ts';
import { createEc2Service, type Ec2Options } from '../../../../local/services/ec2/ec2-service.ts';
import { createSsmService } from '../../../../local/services/ssm/ssm-service.ts';
import { answerRequest, neverCalled } from './answer-request.ts';
import {
  accountId,
  launchTemplateData,
  profileArn,
  quickBoot,
  region,
  roleArn,
} from './worker-template.ts';

export interface TestCloudOptions extends Ec2Options {
  /** What workers ask S3 for, by key. Anything else is not there. */
  readonly objects?: Readonly<Record<string, Buffer>>;
  readonly userData?: string;
  /** Says that the policies do not allow an access. */
  readonly deny?: (access: Access) => boolean;
  readonly clock?: Clock;
}

export type TestCloud = Awaited<ReturnType<typeof startTestCloud>>;

/** EC2 and SSM behind a listener that trusts every signature, with the parts of S3 and IAM they meet. */
export async function startTestCloud(options: TestCloudOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'czar-machines-'));
  const services = new Map<string, Service>();
  const accesses: Access[] = [];
  const attached: string[] = [];
  const records: CallRecord[] = [];
  const fetched: string[] = [];
  const revoked: string[] = [];
  const issued: { readonly session: string; readonly options: SessionOptions | undefined }[] = [];
  let endpoint = '';

  const principals: Principals = {
    issue(_, session, sessionOptions) {
      issued.push({ session, options: sessionOptions });
      return {
        accessKeyId: 'ASIATESTTESTTESTTEST',
        secretAccessKey: `secret-of-${session}`,
        sessionToken: `token-of-${session}`,
        expiration: new Date('2036-01-01T00:00:00Z'),
      };
    },
    instanceProfileRole(profile) {
      if (profile !== profileArn) throw new TypeError('no template declares this instance profile');
      return roleArn;
    },
    revokeInstance: (instanceId) => revoked.push(instanceId),
    roleCaller: () => neverCalled(),
    serviceCaller: () => neverCalled(),
  };
  const surroundings: Surroundings = {
    accountId,
    region,
    partition: 'aws',
    clock: options.clock ?? systemClock,
    directory,
    endpoint: () => endpoint,
    principals,
    callAs: () => neverCalled(),
  };
  const ec2Service = createEc2Service(
    surroundings,
    {
      generate: () => neverCalled(),
      use: () => neverCalled(),
      attach: (_, via, key) => attached.push(`${via} ${key}`),
    },
    // The test's own Node is a link away from being digested for nothing at every boot.
    { graceSeconds: 2, imageSoftware: { 'bin/node': '/bin/true' }, ...options },
  );
  const ssmService = createSsmService(surroundings, ec2Service.fleet);
  for (const service of [ec2Service, ssmService]) services.set(service.signingName, service);

  const authorize = (access: Access): void => {
    accesses.push(access);
    if (options.deny?.(access) !== true) return;
    throw new ApiError('UnauthorizedOperation', 'the test does not allow it', 403);
  };
  const server = createServer((request, response) => {
    const signed = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(
      request.headers.authorization ?? '',
    );
    const service = services.get(signed?.[1] ?? '');
    const objectKey = (request.url ?? '').replace(/^\/[^/]+\//, '').replace(/\?.*$/, '');
    if (service === undefined) {
      fetched.push(objectKey);
      const body = options.objects?.[objectKey];
      response.writeHead(body === undefined ? 404 : 200, {
        'content-type': body === undefined ? 'application/xml' : 'application/octet-stream',
      });
      response.end(body ?? '<Error><Code>NoSuchKey</Code></Error>');
      return;
    }
    void answerRequest(service, request, authorize, records).then(({ status, headers, body }) => {
      response.writeHead(status, headers);
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const declare = async (
    type: string,
    properties: Record<string, unknown>,
  ): Promise<CreatedResource> => {
    const handlers = [...services.values()].flatMap(({ resources }) => resources);
    const handler = handlers.find((candidate) => candidate.type === type);
    if (handler === undefined) throw new Error(`nobody creates ${type}`);
    return handler.create({ stack: 'Test', logicalId: 'Resource', type, properties, tags: {} });
  };
  const { ref: vpcId } = await declare('AWS::EC2::VPC', { CidrBlock: '10.0.0.0/16' });
  const { ref: subnetId } = await declare('AWS::EC2::Subnet', {
    VpcId: vpcId,
    AvailabilityZone: 'us-east-1a',
    CidrBlock: '10.0.128.0/22',
  });
  const { ref: launchTemplateId } = await declare('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: launchTemplateData(options.userData ?? quickBoot),
  });
  const client = {
    region,
    endpoint,
    credentials: { accessKeyId: 'ASIATEST', secretAccessKey: 'test', sessionToken: 'test' },
  };
  const ec2 = new EC2Client(client);
  const ssm = new SSMClient(client);

  const launch = async (more: Partial<RunInstancesCommandInput> = {}): Promise<string> => {
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        MinCount: 1,
        MaxCount: 1,
        LaunchTemplate: { LaunchTemplateId: launchTemplateId },
        SubnetId: subnetId,
        ...more,
      }),
    );
    return Instances![0]!.InstanceId!;
  };
  const stateOf = async (instanceId: string): Promise<string | undefined> => {
    const { Reservations } = await ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [instanceId] }),
    );
    return Reservations?.[0]?.Instances?.[0]?.State?.Name;
  };
  const instance = (instanceId: string) => ec2Service.fleet.find(instanceId)!;

  return {
    ec2,
    ssm,
    ec2Service,
    directory,
    endpoint,
    vpcId,
    subnetId,
    launchTemplateId,
    /** What the services asked of the policies, their access log, what was fetched from S3. */
    accesses,
    attached,
    records,
    fetched,
    revoked,
    issued,
    declare,
    launch,
    stateOf,
    instance,
    untilState: (instanceId: string, state: string) =>
      until(async () => (await stateOf(instanceId)) === state),
    untilOnline: (instanceId: string) => until(() => instance(instanceId).online),
    async launchOnline(more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
      const instanceId = await launch(more);
      await until(() => instance(instanceId).online);
      return instanceId;
    },
    async stop(): Promise<void> {
      await ec2Service.stop?.();
      server.closeAllConnections();
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Waits until something is so; the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Says whether a process is there and not merely waits to be reaped. */
export function isAlive(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !readFileSync(path, 'latin1').includes(') Z ');
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
