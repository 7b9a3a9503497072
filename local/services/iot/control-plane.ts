import { ApiError } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import type { Broker } from './broker.ts';
import type { Operation } from './operation.ts';
import type { Certificate, Registry, Thing } from './registry.ts';

type InputOf<Name extends Operation['name']> = Extract<Operation, { name: Name }>['input'];
type Answer = Readonly<Record<string, unknown>>;

const defaultPage = 25;

/** One page of a list; the token is where the next one begins. */
function page<Item>(
  items: readonly Item[],
  { maxResults = defaultPage, nextToken }: InputOf<'ListThings'>,
): { readonly items: readonly Item[]; readonly nextToken?: string } {
  if (nextToken !== undefined && !/^\d{1,9}$/.test(nextToken))
    throw new ApiError('InvalidRequestException', 'The next token is not valid.');
  const start = Number(nextToken ?? 0);
  const end = start + maxResults;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextToken: String(end) } : {}),
  };
}

/** Does operations of AWS IoT's control plane once they are allowed. */
export class ControlPlane {
  readonly #registry: Registry;
  readonly #accountId: string;
  readonly #broker: () => Promise<Broker>;

  /** @param broker starts the broker if it does not run yet: it signs certificates, too. */
  constructor(registry: Registry, accountId: string, broker: () => Promise<Broker>) {
    this.#registry = registry;
    this.#accountId = accountId;
    this.#broker = broker;
  }

  async run({ name, input }: Operation): Promise<Answer> {
    const registry = this.#registry;
    switch (name) {
      case 'CreateThing':
        return this.#createThing(input);
      case 'DescribeThing':
        return {
          ...this.#thing(registry.thing(input.thingName)),
          defaultClientId: input.thingName,
        };
      case 'ListThings':
        return this.#listThings(input);
      case 'CreateCertificateFromCsr':
        return this.#createCertificate(input);
      case 'DescribeCertificate':
        return {
          certificateDescription: this.#describe(registry.certificate(input.certificateId)),
        };
      case 'UpdateCertificate':
        return this.#updateCertificate(input);
      case 'AttachPolicy':
        registry.attachPolicy(input.policyName, registry.principal(input.target));
        return {};
      case 'AttachThingPrincipal':
        registry.attachPrincipal(
          registry.thing(input.thingName),
          registry.principal(input.principal),
        );
        return {};
      case 'DetachThingPrincipal':
        registry.detachPrincipal(
          registry.thing(input.thingName),
          registry.principal(input.principal),
        );
        return {};
      case 'ListThingPrincipals': {
        const listed = page([...registry.thing(input.thingName).principals], input);
        return { principals: listed.items, nextToken: listed.nextToken };
      }
      case 'ListPrincipalThings': {
        const { arn } = registry.principal(input.principal);
        const attached = registry.things().filter(({ principals }) => principals.has(arn));
        const listed = page(attached, input);
        return { things: listed.items.map((thing) => thing.name), nextToken: listed.nextToken };
      }
      case 'DescribeEndpoint':
        return { endpointAddress: (await this.#broker()).address };
    }
  }

  #thing({ name, id, attributes }: Thing): Answer {
    return {
      thingName: name,
      thingId: id,
      thingArn: this.#registry.arn(`thing/${name}`),
      attributes,
      version: 1,
    };
  }

  #createThing({ thingName, attributePayload }: InputOf<'CreateThing'>): Answer {
    const thing = this.#registry.createThing(thingName, attributePayload?.attributes ?? {});
    const { thingId, thingArn } = this.#thing(thing);
    return { thingName, thingId, thingArn };
  }

  #listThings(input: InputOf<'ListThings'>): Answer {
    const { items, nextToken } = page(this.#registry.things(), input);
    const things = items.map((thing) => {
      const { thingId, ...rest } = this.#thing(thing);
      return rest;
    });
    return { things, nextToken };
  }

  async #createCertificate({
    certificateSigningRequest,
    setAsActive,
  }: InputOf<'CreateCertificateFromCsr'>): Promise<Answer> {
    const { devices } = await this.#broker();
    const issued = await devices.issueClient(certificateSigningRequest).catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== 'InvalidRequestError') throw error;
      throw new ApiError('InvalidRequestException', `The CSR is invalid: ${error.message}.`);
    });
    const state = setAsActive === 'true' ? 'ACTIVE' : 'INACTIVE';
    const { arn, id, pem } = this.#registry.addCertificate(issued, state);
    return { certificateArn: arn, certificateId: id, certificatePem: pem };
  }

  #describe(certificate: Certificate): Answer {
    return {
      certificateArn: certificate.arn,
      certificateId: certificate.id,
      status: certificate.state,
      certificatePem: certificate.pem,
      ownedBy: this.#accountId,
      creationDate: epochSeconds(certificate.createdAt),
      lastModifiedDate: epochSeconds(certificate.modifiedAt),
      customerVersion: certificate.version,
      validity: {
        notBefore: epochSeconds(certificate.notBefore),
        notAfter: epochSeconds(certificate.notAfter),
      },
      certificateMode: 'DEFAULT',
    };
  }

  /** AWS ends the connections of a certificate that is not ACTIVE any more within minutes; this at once. */
  async #updateCertificate({
    certificateId,
    newStatus,
  }: InputOf<'UpdateCertificate'>): Promise<Answer> {
    this.#registry.setState(this.#registry.certificate(certificateId), newStatus);
    if (newStatus !== 'ACTIVE') (await this.#broker()).disconnect(certificateId);
    return {};
  }
}
