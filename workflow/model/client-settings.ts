import * as z from 'zod';
import { Study } from './code.ts';

/** Name of the SSM parameter that tells `czar` where a study's deployment keeps what. */
export const clientSettingsParameter = (study: string): string => `/${study}/client`;

const name = z.string().min(1);

/** What `czar` knows of a deployment's sensor ingest. */
export const IngestSettings = z.strictObject({
  sensorTable: name,
  assignmentTable: name,
  stateMachineArn: name,
  queueUrl: z.url(),
  /** Name of the IoT policy that every device's certificate gets. */
  thingPolicy: name,
});
export type IngestSettings = z.infer<typeof IngestSettings>;

/** What `czar` knows of a deployment. Names only, no secret. */
export const ClientSettings = z.strictObject({
  study: Study,
  inputBucket: name,
  resultBucket: name,
  ancillaryBucket: name,
  ledgerTable: name,
  dataKeyArn: name,
  stateMachineArn: name,
  /** The asymmetric key that signs evidence. */
  evidenceKeyArn: name,
  /** S3L, which keeps evidence under its object lock. */
  logBucket: name,
  /** Absent where the deployment has no sensor ingest. */
  ingest: IngestSettings.optional(),
});
export type ClientSettings = z.infer<typeof ClientSettings>;
