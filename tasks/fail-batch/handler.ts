import { SFNClient } from '@aws-sdk/client-sfn';
import { defineTask } from '../define-task.ts';
import { failBatch, FailBatchInput, FailBatchOutput } from './fail-batch.ts';

const sfn = new SFNClient();

export const handler = defineTask({
  input: FailBatchInput,
  output: FailBatchOutput,
  logKeys: ['batchId', 'redriven', 'failed'],
  run: (input) => failBatch(input, { sfn }),
});
