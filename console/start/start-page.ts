import type { BatchItem } from '../../workflow/model/ledger-items.ts';
import { defaultMaxMinutes } from '../../workflow/model/batch-request.ts';
import { Copyable } from '../page/code.ts';
import { type Content, markup } from '../page/markup.ts';
import { moment } from '../../audit/report/words.ts';
import { formKey } from '../security/forgery.ts';
import { commandLine, type Field, type ReadForm } from './read-form.ts';

/** What can be started with what. */
export interface Choices {
  /** Batches that are sealed, newest first. */
  readonly batches: readonly BatchItem[];
  readonly pipelines: readonly string[];
}

interface Asked {
  readonly choices: Choices;
  readonly form: ReadForm;
  readonly formSecret: string;
  /** Whether somebody sent the form: only then are its faults told. */
  readonly isSent: boolean;
}

/** The form beside what it comes to: the execution's input, and the same as a command. */
export function StartContent({ choices, form, formSecret, isSent }: Asked) {
  const told = isSent ? form : { ...form, faults: {} };
  const faults = Object.entries(told.faults);
  return markup`<h1>Start a run</h1>
    ${
      faults.length === 0
        ? undefined
        : markup`<div class="notice is-failed" role="alert" id="faults"><p>The run was not started.</p><ul>${faults.map(([field, fault]) => markup`<li><a href=${`#${field}`}>${fault}</a></li>`)}</ul></div>`
    }
    ${choices.batches.length === 0 ? markup`<p class="notice">No batch is sealed and waiting: <code>czar upload</code> makes one.</p>` : undefined}
    <div class="beside">
      <form class="stacked" method="post" action="/start" data-preview="/start/preview">
        <input type="hidden" name=${formKey} value=${formSecret} />
        ${Choice(told, 'batchId', 'Batch', markup`of those that are sealed`, [
          ['', 'Choose a batch'],
          ...choices.batches.map(
            ({ batchId, sealedAt }) => [batchId, `${batchId}, sealed ${moment(sealedAt)}`] as const,
          ),
        ])}
        ${Choice(told, 'pipeline', 'Pipeline', undefined, [
          ['', 'Choose a pipeline'],
          ...choices.pipelines.map((name) => [name, name] as const),
        ])}
        <div class="row">
          ${Typed(told, 'workers', 'Workers', markup`default: the deployment’s`, 'numeric')}
          ${Choice(told, 'tenancy', 'Tenancy', undefined, [
            ['', 'The deployment’s'],
            ['dedicated', 'dedicated'],
            ['default', 'default'],
          ])}
        </div>
        <div class="row">
          ${Typed(told, 'instanceType', 'Instance type', markup`like m7i.large`)}
          ${Typed(told, 'maxMinutes', 'Longest time', markup`minutes of a worker, 5 to 1440; default: ${defaultMaxMinutes}`, 'numeric')}
        </div>
        <div class="row">
          ${Typed(told, 'tolerateFailedObjects', 'Tolerated failures', markup`objects; default: 0`, 'numeric')}
          ${Typed(told, 'ticket', 'Ticket', markup`like ABC-123`)}
        </div>
        <div class="buttons"><button type="submit">Start the run</button><button type="submit" class="quietly" formaction="/start/preview">Preview</button></div>
      </form>
      <div id="preview">${Preview({ form })}</div>
    </div>`;
}

/** The execution's input, as one would paste it into the Step Functions console, and the command. */
export function Preview({ form: { request, faults } }: { form: ReadForm }) {
  if (request === undefined) {
    return markup`<h2>Not complete yet</h2><ul class="quiet">${Object.values(faults).map((fault) => markup`<li>${fault}</li>`)}</ul>`;
  }
  return markup`<h2>The execution’s input</h2>
    ${Copyable({ text: JSON.stringify(request, undefined, 2), label: 'Input as JSON' })}
    <h2>The same as a command</h2>
    ${Copyable({ text: commandLine(request), label: 'Command line' })}`;
}

/** Why nothing can be started here, and how it can be. */
export const ReadOnlyContent = () =>
  markup`<h1>Start a run</h1>
    <p class="notice">This console is read-only: it looks at AWS with the auditor’s rights, who may read evidence and start nothing.</p>
    <p>A researcher or an operator starts a run from the Step Functions console, or with the command line:</p>
    ${Copyable({ text: 'czar start <batch> --pipeline vitals-summary --watch', label: 'Command line' })}`;

type Told = Pick<ReadForm, 'values' | 'faults'>;

function Typed(told: Told, field: Field, name: string, hint: Content, mode?: 'numeric') {
  const fault = told.faults[field];
  return markup`<div>
    <label for=${field}>${name} ${hint === undefined ? undefined : markup`<small>${hint}</small>`}</label>
    <input id=${field} name=${field} value=${told.values[field]} inputmode=${mode} autocomplete="off" spellcheck="false" aria-invalid=${fault === undefined ? undefined : 'true'} aria-describedby=${fault === undefined ? undefined : `${field}-fault`} />
    ${Fault(field, fault)}
  </div>`;
}

function Choice(
  told: Told,
  field: Field,
  name: string,
  hint: Content,
  options: readonly (readonly [string, string])[],
) {
  const fault = told.faults[field];
  const chosen = told.values[field] ?? options[0]?.[0];
  return markup`<div>
    <label for=${field}>${name} ${hint === undefined ? undefined : markup`<small>${hint}</small>`}</label>
    <select id=${field} name=${field} aria-invalid=${fault === undefined ? undefined : 'true'} aria-describedby=${fault === undefined ? undefined : `${field}-fault`}>
      ${options.map(([value, text]) => markup`<option value=${value} selected=${value === chosen}>${text}</option>`)}
    </select>
    ${Fault(field, fault)}
  </div>`;
}

const Fault = (field: Field, fault: string | undefined) =>
  fault === undefined ? undefined : markup`<p class="fault" id=${`${field}-fault`}>${fault}</p>`;
