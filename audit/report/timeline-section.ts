import { duration } from '../graph/words.ts';
import type { RunRecord } from '../run-record.ts';
import { drawn, markup } from './html.ts';
import { paragraphs, type Section } from './page-parts.ts';
import { sum } from './run-facts.ts';
import { drawTimeline } from './timeline.ts';
import { table } from './table.ts';

/** When what was: a timeline for each run, and the machines in a table. */
export function timelineSection(record: RunRecord): Section {
  const { runs, workers } = record;
  return {
    id: 'timeline',
    title: 'Timeline',
    body: [
      paragraphs(
        'One bar for each step. Filled: a function, or the worker, was at work. Only outlined: it waited, for AWS to take the step up, for a next try, or for the machine to start. What a worker waits for inside of Process, the history does not tell.',
      ),
      runs.map(
        (run) =>
          markup`${runs.length === 1 ? undefined : markup`<h3>${run.redrive === 0 ? 'First run' : `Redrive ${run.redrive}`}</h3>`}<div class="scroll" tabindex="0" role="region" aria-label="${run.redrive === 0 ? 'Steps over time' : `Steps over time, redrive ${run.redrive}`}">${drawn(drawTimeline(record, run))}</div>
`,
      ),
      workers.length === 0 ? paragraphs('No worker was launched.') : machines(record),
    ],
  };
}

function machines({ workers, runs }: RunRecord) {
  return table({
    caption: 'Machines, in the order of workers',
    columns: [
      { title: runs.length === 1 ? 'Worker' : 'Worker (run)' },
      { title: 'Instance', kind: 'code' },
      { title: 'Steps', kind: 'number' },
      { title: 'Waited', kind: 'number' },
      { title: 'Worked', kind: 'number' },
      { title: 'Outcome' },
    ],
    rows: workers.flatMap(({ workerIndex, redrive, attempts }) =>
      attempts.map(({ attempt, instanceId, steps, outcome, error }) => [
        `${workerIndex + 1}.${attempt}${runs.length === 1 ? '' : ` (${redrive + 1})`}`,
        instanceId ?? 'none',
        steps.length,
        duration(sum(steps.map(({ waitMs }) => waitMs))),
        duration(sum(steps.map(({ workMs }) => workMs))),
        error === undefined ? outcome : `${outcome}, ${error}`,
      ]),
    ),
  });
}
