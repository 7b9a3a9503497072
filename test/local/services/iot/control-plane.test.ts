import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  AttachPolicyCommand,
  AttachThingPrincipalCommand,
  CreateCertificateFromCsrCommand,
  CreateThingCommand,
  CreateThingTypeCommand,
  DescribeCertificateCommand,
  DescribeEndpointCommand,
  DescribeThingCommand,
  DetachThingPrincipalCommand,
  IoTClient,
  ListPrincipalThingsCommand,
  ListThingPrincipalsCommand,
  ListThingsCommand,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arn, newKeyAndRequest, startIotCloud, type IotCloud } from './iot-cloud.ts';

let iotCloud: IotCloud;
let iot: IoTClient;

beforeEach(async () => {
  iotCloud = await startIotCloud();
  ({ iot } = iotCloud);
});

afterEach(() => iotCloud.stop());

const noCertificate = arn(`cert/${'0'.repeat(64)}`);
const createThing = (thingName: string, attributes?: Record<string, string>) =>
  iot.send(new CreateThingCommand({ thingName, attributePayload: { attributes } }));

/** A client of a role that may do this only. */
async function clientOf(...statements: object[]): Promise<IoTClient> {
  const role = await iotCloud.cloud.role('Lesser', ...statements);
  return new IoTClient({
    endpoint: iotCloud.cloud.surroundings.endpoint(),
    region: 'us-east-1',
    credentials: iotCloud.cloud.credentials(role),
    maxAttempts: 1,
  });
}

describe('things', () => {
  it('are created once: the same again answers it, other attributes are refused', async () => {
    const first = await createThing('ABCDEFGHJ', { model: 'one' });
    const again = await createThing('ABCDEFGHJ', { model: 'one' });

    expect(again.thingId).toBe(first.thingId);
    expect(first.thingArn).toBe(arn('thing/ABCDEFGHJ'));
    await expect(createThing('ABCDEFGHJ', { model: 'two' })).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      resourceId: first.thingId,
      resourceArn: first.thingArn,
    });
    expect(await iot.send(new DescribeThingCommand({ thingName: 'ABCDEFGHJ' }))).toMatchObject({
      thingName: 'ABCDEFGHJ',
      attributes: { model: 'one' },
      version: 1,
      defaultClientId: 'ABCDEFGHJ',
    });
  });

  it('are listed page by page', async () => {
    for (const name of ['a', 'b', 'c']) await createThing(name);

    const first = await iot.send(new ListThingsCommand({ maxResults: 2 }));
    const second = await iot.send(
      new ListThingsCommand({ maxResults: 2, nextToken: first.nextToken }),
    );

    const names = [first, second].map(({ things }) => things!.map(({ thingName }) => thingName));
    expect(names).toEqual([['a', 'b'], ['c']]);
    expect(second.nextToken).toBeUndefined();
  });

  it('have AWS’s names and numbers of attributes', async () => {
    await expect(createThing('a name')).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(createThing('n'.repeat(129))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await expect(createThing('n', { a: '1', b: '2', c: '3', d: '4' })).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await expect(iot.send(new DescribeThingCommand({ thingName: 'nobody' }))).rejects.toMatchObject(
      { name: 'ResourceNotFoundException' },
    );
  });
});

describe('certificates', () => {
  it('are signed for the key of the request, and INACTIVE unless asked for', async () => {
    const { request } = await newKeyAndRequest('device');

    const issued = await iot.send(
      new CreateCertificateFromCsrCommand({ certificateSigningRequest: request }),
    );
    const { certificateDescription } = await iot.send(
      new DescribeCertificateCommand({ certificateId: issued.certificateId }),
    );

    const certificate = new X509Certificate(issued.certificatePem!);
    expect(certificate.subject).toBe('CN=device');
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(issued.certificateId);
    expect(issued.certificateArn).toBe(arn(`cert/${issued.certificateId!}`));
    expect(certificateDescription).toMatchObject({
      status: 'INACTIVE',
      certificatePem: issued.certificatePem,
      customerVersion: 1,
      validity: { notAfter: new Date('2049-12-31T23:59:59Z') },
    });
  });

  it('are refused for what is no request, or one whose key did not sign it', async () => {
    const { request } = await newKeyAndRequest('device');
    const lines = request.split('\n');
    const bytes = Buffer.from(lines.slice(1, -1).join(''), 'base64');
    bytes[bytes.length - 3]! ^= 1;
    const forged = [lines[0], bytes.toString('base64'), lines.at(-1)].join('\n');

    for (const certificateSigningRequest of ['nothing', forged]) {
      await expect(
        iot.send(new CreateCertificateFromCsrCommand({ certificateSigningRequest })),
      ).rejects.toMatchObject({ name: 'InvalidRequestException' });
    }
  });

  it('are attached to things and policies, and detached again', async () => {
    const { name: thingName, certificateArn: principal } = await iotCloud.register('ABCDEFGHJ');
    const listed = async () => [
      (await iot.send(new ListThingPrincipalsCommand({ thingName }))).principals,
      (await iot.send(new ListPrincipalThingsCommand({ principal }))).things,
    ];

    expect(await listed()).toEqual([[principal], [thingName]]);
    await iot.send(new DetachThingPrincipalCommand({ thingName, principal }));
    expect(await listed()).toEqual([[], []]);
  });

  it('and policies that are not there cannot be attached', async () => {
    const { certificateArn: target } = await iotCloud.register('ABCDEFGHJ');

    for (const command of [
      new AttachPolicyCommand({ policyName: 'none', target }),
      new AttachPolicyCommand({ policyName: 'devices', target: noCertificate }),
    ])
      await expect(iot.send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(
      iot.send(
        new AttachThingPrincipalCommand({ thingName: 'ABCDEFGHJ', principal: noCertificate }),
      ),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('the endpoint', () => {
  it('is a port of the loopback interface, vouched for by ca.pem', async () => {
    const { endpointAddress } = await iot.send(
      new DescribeEndpointCommand({ endpointType: 'iot:Data-ATS' }),
    );

    expect(endpointAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(endpointAddress).toBe(iotCloud.service.endpointAddress);
    const authority = new X509Certificate(await readFile(iotCloud.service.authorityPath!));
    expect(authority.ca).toBe(true);
  });

  it('of another type is refused by name', async () => {
    await expect(
      iot.send(new DescribeEndpointCommand({ endpointType: 'iot:Jobs' })),
    ).rejects.toThrow(/endpointType.*iot:Data-ATS/);
  });
});

describe('what is not supported', () => {
  it('is refused by name: an operation, a parameter, a value', async () => {
    await expect(iot.send(new CreateThingTypeCommand({ thingTypeName: 'type' }))).rejects.toThrow(
      'IoT POST /thing-types/type is not supported by the embedded cloud',
    );
    await expect(
      iot.send(new CreateThingCommand({ thingName: 'a', thingTypeName: 'type' })),
    ).rejects.toThrow('IoT CreateThing: parameter thingTypeName is not supported');
    await expect(
      iot.send(
        new AttachThingPrincipalCommand({
          thingName: 'a',
          principal: noCertificate,
          thingPrincipalType: 'EXCLUSIVE_THING',
        }),
      ),
    ).rejects.toThrow('EXCLUSIVE_THING is not supported');
  });
});

describe('a caller', () => {
  it('does with its policies’ resources what they allow, and nothing else', async () => {
    const device = await iotCloud.register('ABCDEFGHJ');
    const { name: thingName, certificateArn: principal, certificateId } = device;
    const lesser = await clientOf(
      { Action: 'iot:DescribeThing', Resource: arn('thing/ABC*') },
      { Action: 'iot:AttachThingPrincipal', Resource: arn('thing/*') },
    );
    const denied = { name: 'AccessDeniedException' };

    expect(await lesser.send(new DescribeThingCommand({ thingName }))).toMatchObject({ thingName });
    await expect(
      lesser.send(new DescribeThingCommand({ thingName: 'OTHER' })),
    ).rejects.toMatchObject(denied);
    // The certificate is a resource of it, too.
    await expect(
      lesser.send(new AttachThingPrincipalCommand({ thingName, principal })),
    ).rejects.toMatchObject(denied);
    await expect(
      lesser.send(new UpdateCertificateCommand({ certificateId, newStatus: 'REVOKED' })),
    ).rejects.toMatchObject(denied);
    await expect(lesser.send(new ListThingsCommand({}))).rejects.toMatchObject(denied);
  });

  it('stands in the access log with the names of what it did, without the signing request', async () => {
    await iotCloud.register('ABCDEFGHJ');

    const records = await iotCloud.cloud.accessLog();

    const calls = records.filter(({ eventSource }) => eventSource === 'iot.amazonaws.com');
    expect(calls.map(({ eventName }) => eventName)).toEqual([
      'CreateThing',
      'CreateCertificateFromCsr',
      'AttachPolicy',
      'AttachThingPrincipal',
    ]);
    expect(calls[0]).toMatchObject({
      requestParameters: { thingName: 'ABCDEFGHJ' },
      resources: [{ ARN: arn('thing/ABCDEFGHJ'), type: 'AWS::IoT::Thing' }],
      managementEvent: true,
    });
    expect(JSON.stringify(calls)).not.toContain('CERTIFICATE REQUEST');
  });
});
