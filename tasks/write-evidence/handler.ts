import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod';
import { kmsSigner } from '../../audit/bundle/kms-signer.ts';
import { defineTask } from '../define-task.ts';
import { readEnvironment, text } from '../environment.ts';
import { writeEvidence, WriteEvidenceInput, WriteEvidenceOutput } from './write-evidence.ts';

const env = readEnvironment(
  z.object({ STUDY: text, LEDGER_TABLE: text, LOG_BUCKET: text, EVIDENCE_KEY_ARN: text }),
);
const s3 = new S3Client();
const sfn = new SFNClient();
const ledger = { client: new DynamoDBClient(), name: env.LEDGER_TABLE };
const signer = kmsSigner(new KMSClient(), env.EVIDENCE_KEY_ARN);

export const handler = defineTask({
  input: WriteEvidenceInput,
  output: WriteEvidenceOutput,
  logKeys: ['redrive', 'batchId', 'executionHash', 'outcome', 'sizeBytes'],
  run: (input) =>
    writeEvidence(input, {
      s3,
      sfn,
      ledger,
      signer,
      study: env.STUDY,
      bucket: env.LOG_BUCKET,
      now: () => new Date(),
    }),
});
