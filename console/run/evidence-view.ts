import { openAccessLog } from '../../audit/access/open-access-log.ts';
import type { AccessRecord } from '../../audit/access/access-record.ts';
import { readRunRecord } from '../../audit/read-run-record.ts';
import { controlsSection } from '../../audit/report/controls.ts';
import { costSection } from '../../audit/report/cost.ts';
import { evaporationSection } from '../../audit/report/evaporation-section.ts';
import { markup as reportMarkup } from '../../audit/report/html.ts';
import { keySection } from '../../audit/report/key-life.ts';
import { mailsSection } from '../../audit/report/mails.ts';
import type { Section } from '../../audit/report/page-parts.ts';
import { summary } from '../../audit/report/summary.ts';
import { timelineSection } from '../../audit/report/timeline-section.ts';
import type { RunRecord } from '../../audit/run-record.ts';
import { BatchId, isCode } from '../../workflow/model/code.ts';
import { executionName } from '../../workflow/model/tags.ts';
import { Copyable } from '../page/code.ts';
import { markup, taken } from '../page/markup.ts';
import type { ConsoleSources } from '../sources.ts';

/** Reads what the evidence of a run is told from: the ledger's objects and the access log as well. */
export function readEvidence(
  { deployment, accessLog }: ConsoleSources,
  executionArn: string,
): Promise<RunRecord> {
  const { sfn, ledger, settings } = deployment;
  const log = accessLog === undefined ? {} : { accessLog: records(accessLog) };
  return readRunRecord({ study: settings.study, sfn, ledger, ...log }, executionArn);
}

async function* records(path: string): AsyncGenerator<AccessRecord> {
  for await (const { record } of openAccessLog(path)) yield record;
}

/** The parts of the report that prove something, and the way to the report and the bundle. */
export function EvidenceView({ record, arn }: { record: RunRecord; arn: string }) {
  const sections = [
    summary(record),
    evaporationSection(record),
    keySection(record),
    controlsSection(record),
    mailsSection(record),
    costSection(record),
    timelineSection(record),
  ];
  return markup`${Kept({ record, arn })}
    <nav class="pages" aria-label="Parts of the evidence">${sections.map(({ id, title }) => markup`<a href=${`#${id}`}>${title}</a>`)}</nav>
    ${sections.map(Written)}`;
}

/** While a run goes on there is nothing yet to prove. */
export const NoEvidenceYet = () =>
  markup`<p class="notice">The run goes on. Its evidence is told here once it has ended: what existed, what was destroyed, and how that was checked.</p>`;

const Written = ({ id, title, body }: Section) =>
  markup`<div class="part" id=${id}><h2>${title}</h2>${taken(reportMarkup`${body}`.text)}</div>`;

/** What outlives this page: the report as one file, and the signed bundle. */
function Kept({ record, arn }: { record: RunRecord; arn: string }) {
  const run = nameFor(record, arn);
  return markup`<div class="panel" id="bundle"><h2>To keep</h2>
    <p>The report of this run as one file, the bundle that it was written into, and the check of it by anybody, offline:</p>
    ${Copyable({
      text: [
        `czar evidence report ${run} --to report.html`,
        `czar evidence export ${run}`,
        'czar evidence verify <bundle>',
      ].join('\n'),
      label: 'Command lines',
    })}</div>`;
}

/** How a command names the run: an execution's name that a person may have chosen is not shown. */
function nameFor({ batch, request }: RunRecord, arn: string): string {
  const { batchId } = request;
  if (batch?.isOfThisExecution === true && batchId !== undefined) return batchId;
  const [first = '', second = '', ...more] = executionName(arn).split('-');
  const isMinted = more.length === 0 && BatchId.safeParse(first).success && isCode(second);
  return isMinted ? arn : '<execution ARN>';
}
