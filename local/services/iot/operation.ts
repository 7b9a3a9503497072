import * as z from 'zod';
import { ApiError, type ApiRequest } from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { parseBody, readInput, unsupported } from '../../read-input.ts';
import { certificateStates } from './registry.ts';

const thingName = z.string().regex(/^[a-zA-Z0-9:_-]{1,128}$/, 'must be a thing name');
const principal = z.string().min(1);
const certificateId = z.string().regex(/^[0-9a-f]{64}$/, 'must be a certificate id');
const pageInput = {
  maxResults: z.coerce.number().int().min(1).max(250).optional(),
  nextToken: z.string().optional(),
};

const attributes = z.record(
  z.string().regex(/^[a-zA-Z0-9_.,@/:#-]{1,128}$/, 'must be an attribute name'),
  z.string().regex(/^[a-zA-Z0-9_.,@/:#=[\]-]{0,800}$/, 'must be an attribute value'),
);

const schemas = {
  CreateThing: z.strictObject({
    thingName,
    attributePayload: z
      .strictObject({
        attributes: attributes
          .refine(
            (given) => Object.keys(given).length <= 3,
            'a thing without a type has 3 attributes at most',
          )
          .optional(),
        merge: z.boolean().optional(),
      })
      .optional(),
  }),
  DescribeThing: z.strictObject({ thingName }),
  ListThings: z.strictObject(pageInput),
  CreateCertificateFromCsr: z.strictObject({
    certificateSigningRequest: z.string().min(1).max(4096),
    setAsActive: z.enum(['true', 'false']).optional(),
  }),
  DescribeCertificate: z.strictObject({ certificateId }),
  UpdateCertificate: z.strictObject({ certificateId, newStatus: z.enum(certificateStates) }),
  AttachPolicy: z.strictObject({ policyName: z.string(), target: principal }),
  AttachThingPrincipal: z.strictObject({
    thingName,
    principal,
    thingPrincipalType: z
      .literal('NON_EXCLUSIVE_THING', 'EXCLUSIVE_THING is not supported by the embedded cloud')
      .optional(),
  }),
  DetachThingPrincipal: z.strictObject({ thingName, principal }),
  ListThingPrincipals: z.strictObject({ thingName, ...pageInput }),
  ListPrincipalThings: z.strictObject({ principal, ...pageInput }),
  DescribeEndpoint: z.strictObject({
    endpointType: z.literal('iot:Data-ATS', 'must be iot:Data-ATS: others are not supported'),
  }),
};

type Schemas = typeof schemas;

/** One operation with its input, as far as the embedded AWS IoT supports it. */
export type Operation = {
  [Name in keyof Schemas]: { readonly name: Name; readonly input: z.output<Schemas[Name]> };
}[keyof Schemas];

/** Method and path of each operation; a name in the path is a parameter. */
const routes: readonly (readonly [name: keyof Schemas, method: string, path: RegExp])[] = [
  ['CreateThing', 'POST', /^\/things\/(?<thingName>[^/]+)$/],
  ['DescribeThing', 'GET', /^\/things\/(?<thingName>[^/]+)$/],
  ['ListThings', 'GET', /^\/things$/],
  ['CreateCertificateFromCsr', 'POST', /^\/certificates$/],
  ['DescribeCertificate', 'GET', /^\/certificates\/(?<certificateId>[^/]+)$/],
  ['UpdateCertificate', 'PUT', /^\/certificates\/(?<certificateId>[^/]+)$/],
  ['AttachPolicy', 'PUT', /^\/target-policies\/(?<policyName>[^/]+)$/],
  ['AttachThingPrincipal', 'PUT', /^\/things\/(?<thingName>[^/]+)\/principals$/],
  ['DetachThingPrincipal', 'DELETE', /^\/things\/(?<thingName>[^/]+)\/principals$/],
  ['ListThingPrincipals', 'GET', /^\/things\/(?<thingName>[^/]+)\/principals$/],
  ['ListPrincipalThings', 'GET', /^\/principals\/things$/],
  ['DescribeEndpoint', 'GET', /^\/endpoint$/],
];

/** Parameters of one name in the path, the query, the header that has one, and the body. */
async function gather(
  { url, headers, body }: ApiRequest,
  path: RegExp,
): Promise<Record<string, unknown>> {
  const inBody = z.record(z.string(), z.unknown()).safeParse(parseBody(await readBodyText(body)));
  if (!inBody.success) throw new ApiError('InvalidRequestException', 'The body is no object.');
  const inPath = Object.entries(path.exec(url.pathname)?.groups ?? {});
  const inHeader = headers['x-amzn-principal'];
  return {
    ...inBody.data,
    ...Object.fromEntries(url.searchParams),
    ...(inHeader === undefined ? {} : { principal: inHeader }),
    ...Object.fromEntries(inPath.map(([name, text]) => [name, decodeURIComponent(text)])),
  };
}

/**
 * Reads an operation.
 *
 * @throws ApiError UnsupportedOperation for what is not known here, by name; InvalidRequestException.
 */
export async function readOperation(request: ApiRequest): Promise<Operation> {
  const { method, url } = request;
  const route = routes.find(([, verb, path]) => verb === method && path.test(url.pathname));
  if (route === undefined) throw unsupported('IoT', `${method} ${url.pathname}`);
  const [name, , path] = route;
  const call = { service: 'IoT', operation: name, invalidCode: 'InvalidRequestException' };
  return { name, input: readInput(call, schemas[name], await gather(request, path)) } as Operation;
}
