import type { Access, CallRecord } from '../../api.ts';
import type { Operation } from './operation.ts';
import type { Registry } from './registry.ts';

/** The resources of an operation; `*` where AWS knows none. */
function resourcesOf({ name, input }: Operation, registry: Registry): readonly string[] {
  switch (name) {
    case 'CreateThing':
    case 'DescribeThing':
    case 'ListThingPrincipals':
      return [registry.arn(`thing/${input.thingName}`)];
    case 'DescribeCertificate':
    case 'UpdateCertificate':
      return [registry.arn(`cert/${input.certificateId}`)];
    case 'AttachPolicy':
      return [input.target];
    case 'AttachThingPrincipal':
    case 'DetachThingPrincipal':
      return [registry.arn(`thing/${input.thingName}`), input.principal];
    case 'ListPrincipalThings':
      return [input.principal];
    default:
      return ['*'];
  }
}

/**
 * What an operation asks the policies.
 *
 * Attaching and detaching a certificate asks for the thing and for the certificate, as the policies
 * that AWS manages do; AWS's reference names no resource for them, and for the two lists.
 *
 * @see Service Authorization Reference, "Actions, resources, and condition keys for AWS IoT"
 */
export function operationAccess(operation: Operation, registry: Registry): Access[] {
  const action = `iot:${operation.name}`;
  return resourcesOf(operation, registry).map((resource) => ({ action, resource }));
}

const resourceTypes = { thing: 'AWS::IoT::Thing', cert: 'AWS::IoT::Certificate' } as const;

/** The access log's part of an operation: names and ids. A signing request and attributes are left out. */
export function operationRecord(
  { name, input }: Operation,
  accesses: readonly Access[],
): CallRecord {
  const shown = Object.entries(input).filter(
    ([key]) => key !== 'certificateSigningRequest' && key !== 'attributePayload',
  );
  return {
    eventName: name,
    readOnly: /^(Describe|List)/.test(name),
    requestParameters: Object.fromEntries(shown),
    resources: accesses
      .filter(({ resource }) => resource !== '*')
      .map(({ resource }) => ({
        ARN: resource,
        type: resourceTypes[resource.includes(':cert/') ? 'cert' : 'thing'],
      })),
  };
}
