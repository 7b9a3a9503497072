import type { Node } from 'constructs';
import * as z from 'zod';
import { mostWorkers, Tenancy } from '../workflow/model/batch-request.ts';
import { Study } from '../workflow/model/code.ts';

/** Context arrives as JSON from cdk.json, and as text from `--context key=value`. */
const fromText = <Schema extends z.ZodType>(read: (text: string) => unknown, schema: Schema) =>
  z.preprocess((value) => (typeof value === 'string' ? read(value) : value), schema);

const integer = (schema: z.ZodInt) =>
  fromText((text) => (/^[0-9]+$/.test(text.trim()) ? Number(text) : text), schema);

const flag = fromText(
  (text) => ({ true: true, false: false })[text.trim()] ?? text,
  z.boolean({ error: 'must be true or false' }),
);

const list = (element: z.ZodType<string>) =>
  fromText(
    (text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    z.array(element),
  );

const cidr = z.cidrv4({ error: 'must be IPv4 ranges like 192.0.2.0/24' });
const email = z.email({ error: 'must be a mail address' });

/**
 * What a deployment can be told, by CDK context: `cdk.json`, `cdk.context.json` or
 * `--context key=value`.
 *
 * Everything that weakens the design has to be asked for.
 */
export const CzarConfig = z
  .strictObject({
    /** The study's project identifier tag: prefix of every stack, tag on every resource. */
    pit: Study.default('czarhipaa'),
    /**
     * `nat` adds one NAT gateway for the private subnets. Workers sit on isolated subnets either
     * way and reach AWS by VPC endpoints only.
     */
    egress: z
      .enum(['nat', 'endpoints'], { error: 'must be nat or endpoints' })
      .default('endpoints'),
    /** Tenancy of a worker whose batch request names none. */
    tenancy: z
      .enum(Tenancy.options, { error: 'must be dedicated or default' })
      .default('dedicated'),
    /** Workers of a batch whose request names no number, and the most it may name. */
    workers: integer(
      z
        .int({ error: 'must be a whole number' })
        .min(1, { error: 'must be at least 1' })
        .max(mostWorkers, { error: `must be at most ${mostWorkers}` }),
    ).default(5),
    /** Instance type of a worker whose batch request names none. x86_64, Nitro. */
    instanceType: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,15}\.[a-z0-9-]{3,12}$/, { error: 'must look like m7i.large' })
      .default('m7i.large'),
    /** Size of a worker's scratch volume, which holds plaintext while a batch runs. */
    scratchGiB: integer(
      z
        .int({ error: 'must be a whole number' })
        .min(8, { error: 'must be at least 8' })
        .max(16384, { error: 'must be at most 16384' }),
    ).default(100),
    /** Who gets the batch mails. */
    notifyEmail: email,
    /** Who sends them. Default: `notifyEmail`, which is the one address SES then has to verify. */
    senderEmail: email.optional(),
    /**
     * Addresses that may upload. Default: none, which means any: an upload needs a session with
     * MFA, is ciphertext before it leaves, and can be neither read back nor overwritten.
     */
    uploadCidrs: list(cidr).default([]),
    /**
     * The region's AWS-managed prefix lists of S3 and DynamoDB, `pl-…`. Given, a worker's security
     * group lets out to these; default: to any address on 443, where the isolated subnets route
     * to nothing but the two gateway endpoints.
     */
    gatewayPrefixLists: list(
      z.string().regex(/^pl-[0-9a-f]{8,17}$/, { error: 'must be prefix lists like pl-0123abcd' }),
    ).default([]),
    /** Days that S3L's objects are locked. */
    logLockDays: integer(
      z
        .int({ error: 'must be a whole number' })
        .min(1, { error: 'must be at least 1' })
        .max(36500, { error: 'must be at most 36500' }),
    ).default(365),
    /**
     * `governance`: a principal with `s3:BypassGovernanceRetention` can still delete.
     * `compliance`: nobody can, the account's root included, before the days are over.
     */
    logLockMode: z
      .enum(['governance', 'compliance'], { error: 'must be governance or compliance' })
      .default('governance'),
    /** B, the bastion. Nothing needs it: Session Manager opens no port. */
    bastion: flag.default(false),
    /** Addresses that may reach port 22 of B. */
    bastionCidrs: list(cidr).default([]),
    /** Public keys, as in `authorized_keys` but without options, that may jump through B. */
    bastionKeys: list(
      z.string().regex(/^(ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/=]+( [\w.@-]+)?$/, {
        error: 'must be public keys of type ssh-ed25519 or ecdsa-sha2-nistp256',
      }),
    ).default([]),
    /**
     * The sensor ingest: device gate, sensor queue, E (the workbench) and its polls. E is one
     * instance around the clock, so it has to be asked for.
     */
    ingest: flag.default(false),
    /** Minutes from one poll of the sensor queue to the next: a whole part of an hour. */
    pollMinutes: integer(
      z
        .int({ error: 'must be a whole number' })
        .refine((minutes) => minutes >= 1 && 60 % minutes === 0, {
          error: 'must be 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60',
        }),
    ).default(15),
    /** Hours that a day's sensor batch stays open for what comes late. */
    sealAfterHours: integer(
      z
        .int({ error: 'must be a whole number' })
        .min(0, { error: 'must be at least 0' })
        .max(168, { error: 'must be at most 168' }),
    ).default(6),
    /**
     * Platform of the worker's node and engine: EC2's, or `host` for a local run, whose workers
     * are processes of this machine.
     */
    workerPlatform: z
      .enum(['linux-x64', 'host'], { error: 'must be linux-x64 or host' })
      .default('linux-x64'),
  })
  .check(({ value, issues }) => {
    for (const key of ['bastionCidrs', 'bastionKeys'] as const) {
      if (!value.bastion || value[key].length > 0) continue;
      issues.push({
        code: 'custom',
        path: [key],
        message: 'must name at least one where bastion is true',
        input: value[key],
      });
    }
    if (value.bastionCidrs.some((range) => range.endsWith('/0'))) {
      issues.push({
        code: 'custom',
        path: ['bastionCidrs'],
        message: 'must not open port 22 to every address',
        input: value.bastionCidrs,
      });
    }
    if (value.ingest && value.egress === 'nat' && value.gatewayPrefixLists.length === 0) {
      issues.push({
        code: 'custom',
        path: ['gatewayPrefixLists'],
        message: 'must be given where ingest is true and egress is nat: E could reach the internet',
        input: value.gatewayPrefixLists,
      });
    }
  })
  .transform((config) => ({ ...config, senderEmail: config.senderEmail ?? config.notifyEmail }));
export type CzarConfig = z.output<typeof CzarConfig>;

/** The CDK context of a deployment is not one that can be deployed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const keys = Object.keys(CzarConfig.in.shape);

/**
 * Reads a deployment's configuration from CDK context; other keys of the context are CDK's own.
 *
 * @throws ConfigError naming every key that is wrong or missing, all at once.
 */
export function readConfig(node: Pick<Node, 'tryGetContext'>): CzarConfig {
  const context: Record<string, unknown> = {};
  for (const key of keys) {
    const value: unknown = node.tryGetContext(key);
    if (value !== undefined) context[key] = value;
  }
  const config = CzarConfig.safeParse(context);
  if (config.success) return config.data;
  const problems = config.error.issues.map(({ path: [key = '', ...rest], message }) => {
    const where = [key, ...rest].map(String).join('.');
    return `  ${where}: ${key in context ? message : 'is missing'}`;
  });
  throw new ConfigError(`the context of this deployment is wrong:\n${problems.join('\n')}`);
}
