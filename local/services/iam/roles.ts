import type { Caller } from '../../policy/caller.ts';
import type { PolicyDocument } from '../../policy/document.ts';

/** A role as the templates declare it. Policies are attached after it was created, too. */
export interface Role {
  readonly arn: string;
  readonly name: string;
  /** As in `AROA...`. */
  readonly id: string;
  /** Where it was declared, so that a person can ask for it by the name it has in the code. */
  readonly stack: string;
  readonly logicalId: string;
  readonly trustPolicy: PolicyDocument;
  readonly tags: Readonly<Record<string, string>>;
  /** In seconds. */
  readonly longestSession: number;
  readonly policies: Caller['identityPolicies'][number][];
}

/** A name that no role has, or several have. */
export class RoleNameError extends Error {
  override readonly name = 'RoleNameError';
}

/** The hash that CDK puts at the end of a logical id. */
const logicalIdHash = /[0-9A-F]{8}$/;

/** All roles of a deployment, by ARN, name and logical id, and the instance profiles that carry them. */
export class Roles {
  readonly #byArn = new Map<string, Role>();
  readonly #ofProfile = new Map<string, Role>();

  add(role: Role): void {
    this.#byArn.set(role.arn, role);
  }

  addProfile(profile: { readonly name: string; readonly arn: string }, role: Role): void {
    this.#ofProfile.set(profile.name, role).set(profile.arn, role);
  }

  /** The role of an instance profile, by the profile's name or ARN. */
  ofProfile(nameOrArn: string): Role | undefined {
    return this.#ofProfile.get(nameOrArn);
  }

  get(arn: string): Role | undefined {
    return this.#byArn.get(arn);
  }

  byName(name: string): Role | undefined {
    return [...this.#byArn.values()].find((role) => role.name === name);
  }

  /**
   * Finds the role that a person means: by ARN, name, logical id, logical id without CDK's hash, or the last part of a
   * name such as `czarhipaa-uploader`.
   *
   * @throws RoleNameError when there is none or several.
   */
  named(text: string): Role {
    const exact = this.#byArn.get(text) ?? this.byName(text);
    if (exact !== undefined) return exact;
    const roles = [...this.#byArn.values()];
    const found = roles.filter(
      ({ logicalId, name }) =>
        logicalId === text ||
        logicalId.replace(logicalIdHash, '') === text ||
        name.endsWith(`-${text}`),
    );
    const [role, ...others] = found;
    if (role === undefined) {
      const known = roles.map(({ logicalId }) => logicalId).join(', ');
      throw new RoleNameError(`no role is called ${text}; the templates declare: ${known}`);
    }
    if (others.length > 0) {
      const where = found.map(({ stack, logicalId }) => `${stack}/${logicalId}`).join(', ');
      throw new RoleNameError(`several roles are called ${text}: ${where}`);
    }
    return role;
  }
}
