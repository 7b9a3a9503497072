import { randomBytes, randomInt } from 'node:crypto';
import type { CloudCaller, Principals, SessionCredentials, SessionOptions } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import type { IssuedSession } from '../../gateway/authenticate.ts';
import type { Role, Roles } from './roles.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** An id as IAM mints them: four letters that tell the kind, then random ones. */
export function newId(prefix: 'ASIA' | 'AROA' | 'ANPA'): string {
  return prefix + Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

const sessionNameForm = /^[\w+=,.@-]{2,64}$/;

const defaultLifetimeSeconds = 3600;

interface Session extends IssuedSession {
  readonly instanceId: string | undefined;
}

/**
 * Who can call: sessions of the templates' roles, and services.
 *
 * Nobody else exists: no root, no user, no administrator. Secrets live in memory and end with the process.
 */
export class Sessions implements Principals {
  readonly #roles: Roles;
  readonly #clock: Clock;
  readonly #accountId: string;
  readonly #issued = new Map<string, Session>();

  constructor(roles: Roles, clock: Clock, accountId: string) {
    this.#roles = roles;
    this.#clock = clock;
    this.#accountId = accountId;
  }

  issue(roleArn: string, sessionName: string, options: SessionOptions = {}): SessionCredentials {
    const role = this.#role(roleArn);
    if (!sessionNameForm.test(sessionName))
      throw new TypeError('a session name has 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -');
    const accessKeyId = newId('ASIA');
    const secretAccessKey = randomBytes(30).toString('base64');
    const sessionToken = randomBytes(96).toString('base64');
    const sessionStart = this.#clock.now();
    const lifetimeSeconds = options.lifetimeSeconds ?? defaultLifetimeSeconds;
    const expiration = new Date(sessionStart.getTime() + lifetimeSeconds * 1000);
    this.#forgetExpired(sessionStart);
    this.#issued.set(accessKeyId, {
      secretAccessKey,
      sessionToken,
      expiration,
      instanceId: options.instance?.instanceId,
      caller: () => this.#caller(role, sessionName, { ...options, accessKeyId, sessionStart }),
    });
    return { accessKeyId, secretAccessKey, sessionToken, expiration };
  }

  roleCaller(roleArn: string, sessionName: string): CloudCaller {
    return this.#caller(this.#role(roleArn), sessionName, {});
  }

  serviceCaller(service: string): CloudCaller {
    return {
      type: 'Service',
      accountId: this.#accountId,
      principalArn: service,
      identityPolicies: [],
    };
  }

  instanceProfileRole(profile: string): string {
    const role = this.#roles.ofProfile(profile);
    if (role === undefined)
      throw new TypeError(`no template declares the instance profile ${profile}`);
    return role.arn;
  }

  revokeInstance(instanceId: string): void {
    for (const [accessKeyId, session] of this.#issued) {
      if (session.instanceId === instanceId) this.#issued.delete(accessKeyId);
    }
  }

  /** The session that an access key belongs to, expired ones for a day longer. */
  find(accessKeyId: string): IssuedSession | undefined {
    return this.#issued.get(accessKeyId);
  }

  #role(roleArn: string): Role {
    const role = this.#roles.get(roleArn);
    if (role === undefined) throw new TypeError(`no template declares the role ${roleArn}`);
    return role;
  }

  #caller(
    role: Role,
    sessionName: string,
    session: Pick<CloudCaller, 'accessKeyId' | 'instance' | 'multiFactor' | 'sessionStart'>,
  ): CloudCaller {
    return {
      type: 'AssumedRole',
      accountId: this.#accountId,
      principalArn: `arn:aws:sts::${this.#accountId}:assumed-role/${role.name}/${sessionName}`,
      roleArn: role.arn,
      identityPolicies: role.policies,
      sessionName,
      userId: `${role.id}:${sessionName}`,
      principalTags: role.tags,
      ...session,
    };
  }

  #forgetExpired(now: Date): void {
    const longAgo = now.getTime() - 24 * 3600 * 1000;
    for (const [accessKeyId, { expiration }] of this.#issued) {
      if (expiration.getTime() < longAgo) this.#issued.delete(accessKeyId);
    }
  }
}
