import { afterAll, beforeAll, expect, it } from 'vitest';
import { findRemnants } from '../../local/demo/check-evaporated.ts';
import { readAccessLog } from './support/read-access-log.ts';
import { type BatchEnd, ended, sealed, start } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { uploadStudy } from './support/upload-study.ts';

let study: StudyCloud;
let batch: BatchEnd;
/** The functions during whose first invocation Step Functions was killed and restarted. */
const killedIn = new Set<string>();
const restarts: Promise<void>[] = [];

beforeAll(async () => {
  study = await startStudyCloud({
    interference: {
      taskInvoker: (functions) => ({
        ...functions,
        invokeLater: (...event) => functions.invokeLater(...event),
        invoke(...[caller, name, ...rest]) {
          const answer = functions.invoke(caller, name, ...rest);
          if (!killedIn.has(name)) {
            killedIn.add(name);
            setImmediate(() => restarts.push(study.cloud.services.states.restart()));
          }
          return answer;
        },
      }),
    },
  });
  const operator = study.as('operator');
  const batchId = await uploadStudy(study, 4);
  await sealed(operator, batchId);
  const request = { batchId, pipeline: 'vitals-summary', workers: 2 };
  batch = await ended(operator, await start(operator, request), batchId);
  await Promise.all(restarts);
});

afterAll(() => study.stop());

it('ends a batch well although Step Functions was killed while each of its functions ran', () => {
  expect(batch.execution).toMatchObject({ status: 'SUCCEEDED' });
  expect(killedIn.size).toBeGreaterThanOrEqual(10);
  expect(batch.objects.map(({ state }) => state)).toEqual(batch.objects.map(() => 'DONE'));
});

it('sends every mail; the one whose function was running may come twice', () => {
  const subjects = study.cloud.mails().map(({ subject }) => subject);

  expect(new Set(subjects).size).toBe(3);
  expect(subjects.length).toBeLessThanOrEqual(4);
});

it('launches no machine twice, and leaves nothing', async () => {
  const launches = (await readAccessLog(study)).filter(
    ({ eventName, errorCode }) => eventName === 'RunInstances' && errorCode === undefined,
  );
  const instances = new Set(
    launches.map(({ responseElements }) => JSON.stringify(responseElements)),
  );
  const remnants = await findRemnants(study.as('auditor'), {
    study: study.settings.study,
    batchId: batch.batch?.batchId ?? '',
    executionArn: batch.executionArn,
    dataKeyArn: study.settings.dataKeyArn,
  });

  expect(instances.size).toBe(2);
  expect(Object.values(remnants)).toEqual([0, 0, 0, 0, 0]);
});
