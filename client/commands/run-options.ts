import { type Command, Option } from 'commander';
import { BatchRequest } from '../../workflow/model/batch-request.ts';
import { parseTyped, wholeNumber } from '../arguments.ts';
import { refuseTelling } from '../name-gate.ts';

/** What a person may say of a run on the command line, whether it is the first or a retry. */
export type RunOptions = Omit<BatchRequest, 'batchId' | 'pipeline' | 'retry'> & {
  readonly watch?: boolean;
};

/** Adds the options that every run of a batch has. */
export function addRunOptions(command: Command): Command {
  return command
    .option('--workers <n>', "machines to launch (default: the deployment's)", wholeNumber(1, 1000))
    .addOption(
      new Option('--tenancy <kind>', "of the machines (default: the deployment's)").choices([
        'dedicated',
        'default',
      ]),
    )
    .option('--instance-type <type>', "e.g. m7i.large (default: the deployment's)")
    .option(
      '--max-minutes <n>',
      'longest time of one worker, 5 to 1440 (default: 240)',
      wholeNumber(5, 1440),
    )
    .option(
      '--tolerate-failed-objects <n>',
      'objects that may fail (default: 0)',
      wholeNumber(0, 1_000_000_000),
    )
    .option('--ticket <key>', 'key of a ticket, like ABC-123')
    .option('--watch', 'follow it to its end');
}

/** Reads the request, and holds what was typed in it against the name gate: it stands in the history. */
export function readRequest(typed: Readonly<Record<string, unknown>>): BatchRequest {
  const request = parseTyped(BatchRequest, typed);
  for (const [field, text] of Object.entries(typedTexts(request))) refuseTelling(field, text);
  return request;
}

/** The fields of a request in which a person can type a text, those that are given. */
export function typedTexts(
  typed: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const { pipeline, instanceType, ticket } = typed;
  const texts = Object.entries({ pipeline, instanceType, ticket });
  return Object.fromEntries(
    texts.flatMap(([field, text]) => (typeof text === 'string' ? [[field, text]] : [])),
  );
}
