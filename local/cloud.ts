import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service, SessionCredentials, Surroundings } from './api.ts';
import { readCloudAssembly } from './assembly/cloud-assembly.ts';
import { createCustomResource } from './assembly/custom-resource.ts';
import { deploy, type Outputs } from './assembly/deploy.ts';
import { systemClock, type Clock } from './clock.ts';
import { createCloudServices, type CloudServices } from './cloud-services.ts';
import { AccessLog } from './gateway/access-log.ts';
import { startGateway, type Gateway } from './gateway/gateway.ts';
import { createInternalCalls } from './gateway/internal-call.ts';
import type { Interference } from './interference.ts';
import { deploymentCaller } from './services/iam/deployment-caller.ts';
import { createIamService } from './services/iam/iam-service.ts';
import type { SentMail } from './services/ses/mailbox.ts';

/** What an embedded cloud starts from. */
export interface EmbeddedCloudOptions {
  /** What `cdk synth` wrote: the only input. */
  readonly assemblyDirectory: string;
  /** Folder for everything the cloud keeps; made if it is not there, for its owner only. */
  readonly directory: string;
  /** @default any free port */
  readonly port?: number;
  /** @default AWS_REGION, else us-east-1 */
  readonly region?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
  /** @default none */
  readonly interference?: Interference;
}

/** A running embedded cloud. */
export interface EmbeddedCloud {
  /** `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** Values of the stacks' outputs, by stack and name. */
  readonly outputs: Outputs;
  /** JSON lines in CloudTrail's record shape. Read it after {@link flush}. */
  readonly accessLogPath: string;
  readonly mailsDirectory: string;
  readonly logsDirectory: string;
  /** The services from inside, past the gateway: for tests that fire a schedule or read a definition. */
  readonly services: CloudServices;
  /**
   * Credentials of a role: by its ARN, name, logical id (CDK's hash may be left out) or the last part of its name.
   *
   * They say that a second factor was shown, and last 12 hours: they stand for a person who signed in.
   *
   * @throws RoleNameError for a role that is not declared, or a name that several have.
   */
  credentials(role: string, sessionName: string): SessionCredentials;
  /** {@link credentials} without their expiry, in a session named as the role's last part: what environments carry. */
  personCredentials(person: string): Omit<SessionCredentials, 'expiration'>;
  mails(): readonly SentMail[];
  /** Resolves when every call answered so far is in the access log. */
  flush(): Promise<void>;
  /** Ends everything the cloud started and wipes what must not stay. Mails, logs and the access log stay. */
  stop(): Promise<void>;
}

const accountId = '111122223333';

/** Stands for each of AWS's images: machines here boot none. */
const imageId = 'ami-00000000000000001';

const personSessionSeconds = 12 * 3600;

/** Errors of the embedded cloud itself go to a file: its console must not tell what was being worked on. */
function defectReport(directory: string, clock: Clock): (error: unknown, where: string) => void {
  return (error, where) => {
    const story = error instanceof Error ? (error.stack ?? error.message) : String(error);
    void appendFile(
      join(directory, 'defects.log'),
      `${clock.now().toISOString()} ${where}: ${story}\n`,
      { mode: 0o600 },
    );
  };
}

async function stopAll(
  services: CloudServices | undefined,
  gateway: Gateway,
  accessLog: AccessLog,
): Promise<void> {
  const stopService = async (service: Service): Promise<void> => service.stop?.();
  const ends = [
    ...(await Promise.allSettled((services?.all ?? []).map(stopService))),
    // What ends may still call; only then the door closes, and only then the log ends.
    ...(await Promise.allSettled([gateway.stop()])),
    ...(await Promise.allSettled([accessLog.close()])),
  ];
  const reasons = ends.filter((end) => end.status === 'rejected').map((end): unknown => end.reason);
  if (reasons.length > 0)
    throw new AggregateError(reasons, 'the embedded cloud did not stop cleanly');
}

/**
 * Starts an embedded cloud and deploys a cloud assembly into it.
 *
 * @throws AssemblyError for what it cannot deploy; nothing runs on then.
 */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const { directory, clock = systemClock, interference = {} } = options;
  const region = options.region ?? process.env.AWS_REGION ?? 'us-east-1';
  const target = { accountId, region };
  const assembly = await readCloudAssembly(options.assemblyDirectory, target);
  await mkdir(directory, { recursive: true, mode: 0o700 });

  const accessLog = new AccessLog(join(directory, 'access-log.jsonl'));
  const iam = createIamService(clock, accountId);
  const gateway = await startGateway({
    ...target,
    ...(options.port === undefined ? {} : { port: options.port }),
    clock,
    // Whoever signs is a process of this machine, whatever clock the cloud runs on.
    signatureClock: systemClock,
    accessLog,
    sessions: (accessKeyId) => iam.sessions.find(accessKeyId),
    reportDefect: defectReport(directory, clock),
  });
  let services: CloudServices | undefined;
  try {
    const surroundings: Surroundings = {
      ...target,
      partition: 'aws',
      clock,
      directory,
      endpoint: () => gateway.endpoint,
      principals: iam.sessions,
      callAs: createInternalCalls({ ...target, clock, accessLog }),
    };
    const running = createCloudServices(surroundings, iam, assembly.assets, interference);
    services = running;
    running.all.forEach((service) => gateway.serve(interference.service?.(service) ?? service));
    gateway.connect(running.network);
    await Promise.all(assembly.assets.map((asset) => running.seedAsset(asset)));
    const caller = deploymentCaller(target);
    const outputs = await deploy(assembly, {
      target,
      handlers: running.all.flatMap(({ resources }) => resources),
      createCustom: (resource) =>
        createCustomResource(resource, {
          target,
          clock,
          callbacks: gateway.callbacks,
          invoker: running.invoker,
          caller,
        }),
      imageId,
    });
    const credentials = (role: string, sessionName: string): SessionCredentials =>
      iam.sessions.issue(iam.roles.named(role).arn, sessionName, {
        multiFactor: true,
        lifetimeSeconds: personSessionSeconds,
      });
    return {
      endpoint: gateway.endpoint,
      ...target,
      outputs,
      accessLogPath: accessLog.path,
      mailsDirectory: running.ses.directory,
      services: running,
      logsDirectory: running.logsDirectory,
      credentials,
      personCredentials: (person) => {
        const { expiration, ...rest } = credentials(person, person);
        return rest;
      },
      mails: () => running.ses.mails(),
      flush: () => accessLog.flush(),
      stop: () => stopAll(running, gateway, accessLog),
    };
  } catch (error) {
    await stopAll(services, gateway, accessLog);
    throw error;
  }
}
