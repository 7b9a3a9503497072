import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../audit/error-code.ts';
import { findRemnants } from '../../../local/demo/check-evaporated.ts';
import { machineProcesses } from '../../../local/services/ec2/machine-processes.ts';
import type { StudyCloud } from '../../e2e/support/study-cloud.ts';
import type { Trial } from './interferer.ts';
import type { TrialEnd } from './prover.ts';

/** States that an execution with one worker enters at most: three machines, and every end path. */
const mostStates = 60;
const statesPerFurtherWorker = 20;

/**
 * Says in which ways the end of a batch is not as it must be, whatever went wrong; nothing if it is.
 */
export async function violations(
  study: StudyCloud,
  trial: Trial,
  end: TrialEnd,
): Promise<readonly string[]> {
  const found = [
    ...(await leftovers(study, end)),
    ...untruths(end),
    ...wrongMails(trial, end),
    ...wrongObjects(end),
    ...doubleResults(end),
    ...wrongEvidence(end),
    ...defects(study),
  ];
  const most = mostStates + ((trial.fault.workers ?? 1) - 1) * statesPerFurtherWorker;
  if (end.states.length > most) found.push(`${end.states.length} states were entered`);
  return found;
}

/** No live worker, no grant, no queue, no byte on a scratch. */
async function leftovers(study: StudyCloud, end: TrialEnd): Promise<string[]> {
  const folder = join(study.directory, 'ec2');
  const remnants = {
    ...(await findRemnants(study.as('auditor'), {
      ...study.settings,
      batchId: end.batchId,
      executionArn: end.executionArn,
    })),
    processes: machineProcesses(folder).length,
    // There is no such folder before the first launch.
    directories: (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('i-'))
      .length,
  };
  return Object.entries(remnants)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind} are left`);
}

const isOwn = ({ batch, executionArn }: TrialEnd): boolean => batch?.executionArn === executionArn;

/** The execution's status is the batch's truth in the ledger. */
function untruths(end: TrialEnd): string[] {
  const { status } = end.execution;
  const { state, reason, result } = end.batch ?? {};
  if (status === 'SUCCEEDED') {
    return [
      ...(state === 'SUCCEEDED' ? [] : [`it SUCCEEDED, and the ledger says ${state}`]),
      ...(result === undefined ? ['it SUCCEEDED without a result'] : []),
    ];
  }
  // One that never opened the batch has changed nothing of it.
  if (!isOwn(end)) return state === 'SEALED' ? [] : [`the batch was never opened, and is ${state}`];
  return [
    ...(state === 'FAILED' ? [] : [`it ended ${status}, and the ledger says ${state}`]),
    ...(reason === undefined || reason === '' ? ['it FAILED without a reason'] : []),
  ];
}

/** One mail at the start; at the end one that says what happened. */
function wrongMails({ task, fault }: Trial, end: TrialEnd): string[] {
  const count = (part: string): number =>
    end.mails.filter((subject) => subject.includes(part)).length;
  const [working, done, evaporated, failed] = [
    count('working with PHI'),
    count('done, results'),
    count('evaporated'),
    count('FAILED'),
  ] as [number, number, number, number];
  const wrong: string[] = [];
  const expect = (what: string, found: number, most: number, least = most): void => {
    const repeats = most > 0 && fault.mayRepeatMail === true ? 1 : 0;
    if (found > most + repeats || found < least) wrong.push(`${found} mails say ${what}`);
  };
  if (!isOwn(end)) {
    expect('that it works', working, 0);
    expect('what is not so', done + evaporated, 0);
    expect('that it FAILED', failed, 1, 0);
    return wrong;
  }
  expect('that it works', working, 1, end.states.includes('Workers') ? 1 : 0);
  if (end.execution.status === 'SUCCEEDED') {
    // A mail that cannot be sent does not fail a batch that is done: then the other one tells.
    expect('that it is done', done, 1, task.name === 'Notify Done' ? 0 : 1);
    expect('that it evaporated', evaporated, 1, task.name === 'Notify Evaporated' ? 0 : 1);
    expect('that it FAILED', failed, 0);
  } else {
    expect('that it is done', done, 1, 0);
    expect('that it evaporated', evaporated, 1, 0);
    expect('that it FAILED', failed, 1);
  }
  return wrong;
}

/** Every object is done, failed with a reason, or untouched. */
function wrongObjects(end: TrialEnd): string[] {
  const succeeded = end.execution.status === 'SUCCEEDED';
  return end.objects.flatMap(({ state, reason, result }) => {
    if (state === 'DONE') return result === undefined ? ['an object is DONE without a result'] : [];
    if (succeeded) return [`it SUCCEEDED with an object ${state}`];
    if (state === 'FAILED')
      return reason === undefined ? ['an object FAILED without a reason'] : [];
    return state === 'REGISTERED' ? [] : [`an object is ${state}`];
  });
}

/** No result is stored twice. */
function doubleResults({ calls }: TrialEnd): string[] {
  const keys = calls
    .filter(({ eventName, errorCode }) => eventName === 'PutObject' && errorCode === undefined)
    .map(({ requestParameters }) => String(requestParameters?.key))
    .filter((key) => key.startsWith('out/'));
  const twice = keys.length - new Set(keys).size;
  return twice > 0 ? [`${twice} results were stored twice`] : [];
}

/** The run has one bundle, which verifies, and says what execution and ledger say. */
function wrongEvidence({ evidence, execution, batch, executionArn }: TrialEnd): string[] {
  const [bundle, ...more] = evidence;
  if (bundle === undefined) return ['there is no evidence of it'];
  const { record, faults } = bundle;
  const told = [record.execution.status, record.batch?.state, record.batch?.reason];
  const isOpened = batch?.executionArn === executionArn;
  const fact = [
    execution.status,
    isOpened ? batch.state : undefined,
    isOpened ? errorCode(batch.reason) : undefined,
  ];
  return [
    ...(more.length > 0 ? [`there are ${more.length + 1} bundles of evidence of it`] : []),
    ...faults.map((fault) => `evidence does not verify: ${fault}`),
    ...(told.join() === fact.join() ? [] : [`evidence says ${told.join()}, not ${fact.join()}`]),
    ...(isOpened && batch.evidence?.key !== bundle.key ? ['the ledger knows of no evidence'] : []),
  ];
}

/** What nobody waits for went well, too. */
function defects({ cloud: { services } }: StudyCloud): string[] {
  const dead = services.invoker.deadInvocations.length;
  const failed = services.events.failedDeliveries.length;
  return [
    ...(dead > 0 ? [`${dead} events were given up by Lambda`] : []),
    ...(failed > 0 ? [`${failed} events were not delivered`] : []),
  ];
}
