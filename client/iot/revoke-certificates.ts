import {
  type IoTClient,
  ListThingPrincipalsCommand,
  ResourceNotFoundException,
  UpdateCertificateCommand,
} from '@aws-sdk/client-iot';

/** Revokes all certificates of a device, and answers how many they are. */
export async function revokeCertificates(iot: IoTClient, device: string): Promise<number> {
  const certificates = await listCertificates(iot, device);
  for (const certificateId of certificates) {
    await iot.send(new UpdateCertificateCommand({ certificateId, newStatus: 'REVOKED' }));
  }
  return certificates.length;
}

/** A device whose registration was cut off may have no thing yet, and so no certificate. */
async function listCertificates(iot: IoTClient, thingName: string): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  try {
    do {
      const page = await iot.send(new ListThingPrincipalsCommand({ thingName, nextToken }));
      found.push(...(page.principals ?? []));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  return found.map((arn) => arn.slice(arn.lastIndexOf('/') + 1));
}
