import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { BatchPlan } from '../../workflow/model/batch-plan.ts';
import { Tenancy } from '../../workflow/model/batch-request.ts';
import { defineTask } from '../define-task.ts';
import { list, readEnvironment, text } from '../environment.ts';
import { validateRequest, ValidateRequestInput } from './validate-request.ts';

const env = readEnvironment(
  z.object({
    STUDY: text,
    LEDGER_TABLE: text,
    ANCILLARY_BUCKET: text,
    PIPELINES: list,
    MOST_WORKERS: z.coerce.number().int().min(1),
    DEFAULT_TENANCY: Tenancy,
    DEFAULT_INSTANCE_TYPE: text,
  }),
);
const s3 = new S3Client();
const sfn = new SFNClient();
const table = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };

export const handler = defineTask({
  input: ValidateRequestInput,
  output: BatchPlan,
  logKeys: ['batchId', 'pipeline', 'workers', 'tenancy', 'instanceType', 'maxSeconds'],
  run: (input) =>
    validateRequest(input, {
      s3,
      sfn,
      table,
      study: env.STUDY,
      bucket: env.ANCILLARY_BUCKET,
      pipelines: env.PIPELINES,
      mostWorkers: env.MOST_WORKERS,
      defaults: { tenancy: env.DEFAULT_TENANCY, instanceType: env.DEFAULT_INSTANCE_TYPE },
    }),
});
