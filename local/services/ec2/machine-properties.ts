import * as z from 'zod';

/** A flag or number as templates write them: CloudFormation takes text for both. */
export const flag = z.stringbool().or(z.boolean());
export const count = z.coerce.number().int();
export const mustBe = (expected: boolean) =>
  flag.refine((value) => value === expected, { error: `must be ${expected}` });

export const tag = z.strictObject({ Key: z.string(), Value: z.string() });

/** A volume of a machine. Unencrypted or kept volumes are refused: nothing here wipes them. */
export const volume = z.strictObject({
  DeviceName: z.string(),
  Ebs: z.strictObject({
    VolumeSize: count,
    VolumeType: z.string().default('gp3'),
    Encrypted: mustBe(true),
    KmsKeyId: z.string().optional(),
    DeleteOnTermination: mustBe(true),
  }),
});

export const tenancy = z.enum(['default', 'dedicated']);

/** A boot script, decoded. */
export const userData = z
  .base64()
  .transform((encoded) => Buffer.from(encoded, 'base64').toString())
  .refine((script) => script.startsWith('#!/bin/bash\n'), { error: 'must be a bash script' });
