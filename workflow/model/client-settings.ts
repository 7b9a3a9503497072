import * as z from 'zod';
import { Study } from './code.ts';

/** Name of the SSM parameter that tells `czar` where a study's deployment keeps what. */
export const clientSettingsParameter = (study: string): string => `/${study}/client`;

/** What `czar` knows of a deployment. Names only, no secret. */
export const ClientSettings = z.strictObject({
  study: Study,
  inputBucket: z.string().min(1),
  resultBucket: z.string().min(1),
  ancillaryBucket: z.string().min(1),
  ledgerTable: z.string().min(1),
  dataKeyArn: z.string().min(1),
  stateMachineArn: z.string().min(1),
});
export type ClientSettings = z.infer<typeof ClientSettings>;
