import { randomUUID } from 'node:crypto';
import { ApiError, type Surroundings } from '../../api.ts';
import type { PolicyDocument } from '../../policy/document.ts';

/** A device as the registry knows it. */
export interface Thing {
  readonly name: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** ARNs of certificates. */
  readonly principals: Set<string>;
}

export const certificateStates = ['ACTIVE', 'INACTIVE', 'REVOKED'] as const;
export type CertificateState = (typeof certificateStates)[number];

/** A certificate that the embedded AWS IoT issued. */
export interface Certificate {
  /** SHA-256 of its DER form, in hex, as in AWS. */
  readonly id: string;
  readonly arn: string;
  readonly pem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly createdAt: Date;
  modifiedAt: Date;
  state: CertificateState;
  /** Counts the changes of its state, from 1. */
  version: number;
  /** Names of policies. */
  readonly policies: Set<string>;
}

/** A policy of AWS IoT: for certificates, not for roles. */
export interface DevicePolicy {
  readonly name: string;
  readonly document: PolicyDocument;
}

/** AWS's quota of policies at one certificate. */
const mostPolicies = 10;

const notFound = (what: string): ApiError =>
  new ApiError('ResourceNotFoundException', `The ${what} does not exist.`, 404);

/** Things, certificates and policies, and what is attached to what. In memory. */
export class Registry {
  readonly #surroundings: Pick<Surroundings, 'accountId' | 'region' | 'clock'>;
  readonly #things = new Map<string, Thing>();
  readonly #certificates = new Map<string, Certificate>();
  readonly #policies = new Map<string, DevicePolicy>();
  #revision = 0;

  constructor(surroundings: Pick<Surroundings, 'accountId' | 'region' | 'clock'>) {
    this.#surroundings = surroundings;
  }

  /** Goes up with every change that may change what a device is allowed. */
  get revision(): number {
    return this.#revision;
  }

  arn(resource: string): string {
    const { accountId, region } = this.#surroundings;
    return `arn:aws:iot:${region}:${accountId}:${resource}`;
  }

  things(): readonly Thing[] {
    return [...this.#things.values()];
  }

  /** @throws ApiError ResourceNotFoundException */
  thing(name: string): Thing {
    const thing = this.#things.get(name);
    if (thing === undefined) throw notFound(`thing ${name}`);
    return thing;
  }

  /**
   * Creates a thing; the same again answers the one that is there.
   *
   * @throws ApiError ResourceAlreadyExistsException for one with other attributes.
   */
  createThing(name: string, attributes: Readonly<Record<string, string>>): Thing {
    const known = this.#things.get(name);
    if (known !== undefined) {
      if (sameEntries(known.attributes, attributes)) return known;
      throw new ApiError(
        'ResourceAlreadyExistsException',
        `Thing ${name} already exists in account with different attributes`,
        409,
        { resourceId: known.id, resourceArn: this.arn(`thing/${name}`) },
      );
    }
    const thing: Thing = { name, id: randomUUID(), attributes, principals: new Set() };
    this.#things.set(name, thing);
    this.#revision += 1;
    return thing;
  }

  addCertificate(
    issued: Pick<Certificate, 'id' | 'pem' | 'notBefore' | 'notAfter'>,
    state: CertificateState,
  ): Certificate {
    const now = this.#surroundings.clock.now();
    const certificate: Certificate = {
      ...issued,
      arn: this.arn(`cert/${issued.id}`),
      createdAt: now,
      modifiedAt: now,
      state,
      version: 1,
      policies: new Set(),
    };
    this.#certificates.set(issued.id, certificate);
    return certificate;
  }

  findCertificate(id: string): Certificate | undefined {
    return this.#certificates.get(id);
  }

  /** @throws ApiError ResourceNotFoundException */
  certificate(id: string): Certificate {
    const certificate = this.#certificates.get(id);
    if (certificate === undefined) throw notFound(`certificate ${id}`);
    return certificate;
  }

  /** The certificate of an ARN. @throws ApiError ResourceNotFoundException */
  principal(arn: string): Certificate {
    const certificate = this.certificate(arn.slice(arn.lastIndexOf('/') + 1));
    if (certificate.arn !== arn) throw notFound(`certificate ${arn}`);
    return certificate;
  }

  setState(certificate: Certificate, state: CertificateState): void {
    if (certificate.state === state) return;
    certificate.state = state;
    certificate.modifiedAt = this.#surroundings.clock.now();
    certificate.version += 1;
    this.#revision += 1;
  }

  addPolicy(policy: DevicePolicy): void {
    this.#policies.set(policy.name, policy);
    this.#revision += 1;
  }

  /** @throws ApiError ResourceNotFoundException, LimitExceededException */
  attachPolicy(name: string, certificate: Certificate): void {
    if (!this.#policies.has(name)) throw notFound(`policy ${name}`);
    if (certificate.policies.size >= mostPolicies && !certificate.policies.has(name))
      throw new ApiError(
        'LimitExceededException',
        `A certificate can have ${mostPolicies} policies at most.`,
        410,
      );
    certificate.policies.add(name);
    this.#revision += 1;
  }

  attachPrincipal(thing: Thing, certificate: Certificate): void {
    thing.principals.add(certificate.arn);
    this.#revision += 1;
  }

  detachPrincipal(thing: Thing, certificate: Certificate): void {
    thing.principals.delete(certificate.arn);
    this.#revision += 1;
  }

  /** The policies of a certificate as they are now. */
  policiesOf(certificate: Certificate): readonly DevicePolicy[] {
    return [...certificate.policies].flatMap((name) => this.#policies.get(name) ?? []);
  }

  /** The thing that a connection stands for: it has the client's id as its name, and this certificate. */
  thingOf(certificate: Certificate, clientId: string): Thing | undefined {
    const thing = this.#things.get(clientId);
    return thing?.principals.has(certificate.arn) === true ? thing : undefined;
  }
}

function sameEntries(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length && names.every((name) => left[name] === right[name])
  );
}
