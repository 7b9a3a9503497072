import { RedriveExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BatchEnd, ended, runBatch } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

let study: StudyCloud;
let failed: BatchEnd;
let redriven: BatchEnd;
/** Whether the consolidation fails, as with a pipeline that has a defect. */
let isBroken = true;

const brokenAnswer = JSON.stringify({
  errorType: 'PipelineFailedError',
  errorMessage: 'The consolidation ended with an error',
});

beforeAll(async () => {
  study = await startStudyCloud({
    interference: {
      taskInvoker: (functions) => ({
        invokeLater: (...event) => functions.invokeLater(...event),
        invoke: (...call) =>
          isBroken && call[1].includes('Consolidate')
            ? Promise.resolve({ functionError: 'Unhandled', payload: brokenAnswer })
            : functions.invoke(...call),
      }),
    },
  });
  const operator = study.as('operator');
  const batchId = await uploadStudy(study, 3);
  failed = await runBatch(study, batchId, { workers: 1 });
  isBroken = false;
  const { executionArn } = failed;
  await operator.sfn.send(new RedriveExecutionCommand({ executionArn }));
  redriven = await ended(operator, executionArn, batchId);
});

afterAll(() => study.stop());

it('ends a batch well that had failed, in the same execution', () => {
  expect(failed.execution).toMatchObject({ status: 'FAILED', error: 'PipelineFailedError' });
  expect(redriven.execution).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
  expect(redriven.executionArn).toBe(failed.executionArn);
  expect(redriven.batch?.state).toBe('SUCCEEDED');
});
