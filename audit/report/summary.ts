import { duration } from '../graph/words.ts';
import type { RunRecord } from '../run-record.ts';
import { type Content, markup } from './html.ts';
import { at, badge, type Mark, paragraphs, type Section } from './page-parts.ts';
import { type Evaporation, evaporation, machinesOf, sum } from './run-facts.ts';
import { counted, grouped, tally, who } from './words.ts';

const statusMarks: Readonly<Record<RunRecord['execution']['status'], Mark>> = {
  SUCCEEDED: 'good',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  ABORTED: 'bad',
  RUNNING: 'open',
};

const evaporationMarks: Readonly<Record<Evaporation, Mark>> = {
  proven: 'good',
  'not proven': 'bad',
  'nothing made': 'neutral',
  'still running': 'open',
};

/** How the execution ended. */
export const statusBadge = ({ execution }: RunRecord) =>
  badge(statusMarks[execution.status], execution.status);

/** Whether it is proven that what existed is gone. */
export const evaporationBadge = (verdict: Evaporation) => badge(evaporationMarks[verdict], verdict);

/** The run in words, and its figures at a glance. */
export function summary(record: RunRecord): Section {
  return {
    id: 'summary',
    title: 'Summary',
    body: [
      figures(record),
      paragraphs(
        asked(record),
        ...record.runs.map((run) => told(run, record.runs.length)),
        objects(record),
        workers(record),
        key(record),
        gone(record),
      ),
    ],
  };
}

function figures(record: RunRecord) {
  const { execution, objects, access } = record;
  const done = objects.filter(({ state }) => state === 'DONE').length;
  const open = access?.grants.filter(({ ended }) => ended === undefined).length ?? 0;
  const figure = (term: string, value: Content) =>
    markup`<div><dt>${term}</dt><dd>${value}</dd></div>`;
  return markup`<dl class="figures">${[
    figure('Outcome', statusBadge(record)),
    figure('Lasted', execution.ended === undefined ? 'still runs' : lasted(execution)),
    figure(
      'Objects done',
      objects.length === 0 ? 'none' : `${grouped(done)} of ${grouped(objects.length)}`,
    ),
    figure('Machines', grouped(machinesOf(record).length)),
    figure(
      'Key grants ended',
      access === undefined
        ? 'no access log'
        : `${access.grants.length - open} of ${access.grants.length}`,
    ),
    figure('Absence', evaporationBadge(evaporation(record))),
  ]}</dl>
`;
}

const lasted = ({ started, ended = started }: { started: string; ended?: string | undefined }) =>
  duration(Date.parse(ended) - Date.parse(started));

function asked({ study, request, execution }: RunRecord): Content {
  const { batchId, plan } = request;
  const batch =
    batchId === undefined ? 'no batch that could be read' : markup`batch <code>${batchId}</code>`;
  const by = markup`Execution <code>${execution.hash}</code> of study <strong>${study}</strong> was asked to run ${batch}`;
  if (plan === undefined) return markup`${by}. The request was not accepted.`;
  const { workers, tenancy, instanceType, pipeline, tolerateFailedObjects } = plan;
  return markup`${by} through the pipeline <code>${pipeline}</code>, on ${counted(workers, 'worker')} of type ${instanceType} with ${tenancy} tenancy. ${tolerateFailedObjects === 0 ? 'No failed object was tolerated.' : `Up to ${counted(tolerateFailedObjects, 'failed object')} were tolerated.`}`;
}

function told(run: RunRecord['runs'][number], runs: number): Content {
  const { redrive, started, ended, status, error, startedBy, stoppedBy } = run;
  const name = runs === 1 ? 'It' : redrive === 0 ? 'The first run' : `Redrive ${redrive}`;
  const by = startedBy === undefined ? ', by whom is not known' : ` by ${who(startedBy.by)}`;
  const end =
    ended === undefined
      ? 'has not ended'
      : markup`ended ${status} at ${at(ended)}, after ${lasted(run)}${error === undefined ? '' : `, with ${error}`}`;
  const stop = stoppedBy === undefined ? '' : ` It was stopped by ${who(stoppedBy.by)}.`;
  return markup`${name} was started at ${at(started)}${by}, and ${end}.${stop}`;
}

function objects({ batch, objects: all }: RunRecord): string | undefined {
  if (batch === undefined) return 'It opened no batch: no object was touched.';
  const states = tally(all.map(({ state }) => state));
  const failed = all.filter(({ state }) => state === 'FAILED');
  const reasons = tally(
    failed.map(({ reason = 'no reason', pipelineReason }) =>
      pipelineReason === undefined ? reason : `${reason} (${pipelineReason})`,
    ),
  );
  const another = batch.isOfThisExecution
    ? ''
    : ' Another execution has opened the batch since: the ledger tells of that one.';
  const why = failed.length === 0 ? '' : ` Failed for: ${reasons}.`;
  return `The batch is ${batch.state}, with ${counted(all.length, 'object')} of ${grouped(sum(all.map(({ bytes }) => bytes)))} bytes: ${states}.${why}${another}`;
}

function workers({ workers: lanes }: RunRecord): string | undefined {
  if (lanes.length === 0) return 'No worker was launched.';
  const attempts = lanes.flatMap((lane) => lane.attempts);
  const errors = attempts.flatMap(({ error }) => error ?? []);
  const why = errors.length === 0 ? '' : ` Machines were given up for: ${tally(errors)}.`;
  return `${counted(lanes.length, 'worker')} had ${counted(attempts.length, 'machine')}: ${tally(lanes.map(({ outcome }) => outcome))}.${why}`;
}

function key({ access }: RunRecord): string {
  if (access === undefined) {
    return 'No access log was read: who started the execution, and who used the key, is not told here.';
  }
  const { grants } = access;
  if (grants.length === 0) return 'Nobody was granted the data key.';
  const open = grants.filter(({ ended }) => ended === undefined).length;
  const used = sum(grants.map((grant) => grant.used));
  const end =
    open === 0 ? 'every grant has ended' : `the log has no end of ${counted(open, 'grant')}`;
  return `The data key was granted ${counted(grants.length, 'time')} for this batch, each time to one machine, and used ${counted(used, 'time')} by these; ${end}.`;
}

function gone(record: RunRecord): Content {
  const proof = record.proofs.at(-1);
  switch (evaporation(record)) {
    case 'proven':
      return markup`At ${at(proof?.checkedAt)} a search for machines, volumes, interfaces, snapshots, grants and the queue of the execution found none.`;
    case 'nothing made':
      return 'The execution made nothing that would have to go.';
    case 'still running':
      return 'It still runs: what it made exists.';
    case 'not proven':
      return 'This execution has no proof that what it made is gone: see the evaporation certificate.';
  }
}
