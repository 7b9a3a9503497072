import { type Command, InvalidArgumentError } from 'commander';
import { openAccessLog } from '../../audit/access/open-access-log.ts';
import type { AnsweredCall } from '../../audit/questions/answered-call.ts';
import { type AccessSubject, askAccess } from '../../audit/questions/ask-access.ts';
import { ObjectId } from '../../workflow/model/code.ts';
import { batchOrArn } from '../arguments.ts';
import { answering } from '../audit/answering.ts';
import { describePrincipal } from '../audit/describe-principal.ts';
import { UserError } from '../exit-codes.ts';
import { moment } from '../iot/iot-arguments.ts';
import { runCommand } from '../run-command.ts';

interface Options {
  readonly object?: string;
  readonly principal?: string;
  readonly run?: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly accessLog: string;
}

const epilogue = `
Needs no deployment: it reads the log only, line by line, in the log's order; a run's
is read twice. Every call is allowed, denied (by a policy) or failed (for another
reason). What a call was on is told by minted ids: batch, object, instance, grant,
execution by its hash. Uses of the key name a batch and no object.

Of a batch: the calls that name it, its executions, its machines or its grants, and
those that its machines made. Of an execution's ARN: the same without the calls that
name the batch only. Records of a trail arrive up to a quarter of an hour late, and
hold single objects and items only where it logs data events.`;

/** `czar audit access`: who called what on what. */
export function addAuditAccessCommand(audit: Command): void {
  audit
    .command('access')
    .summary('who called what on what, when, and whether it was allowed')
    .description('Lists calls from an access log: on an object, of a principal, or of a run.')
    .option('--object <id>', "an object's id", objectId)
    .option('--principal <name>', 'a role or a session')
    .option('--run <batch>', "a batch's id, or an execution's ARN", batchOrArn)
    .option('--from <time>', 'the first moment, like 2026-11-23T08:00:00Z', moment)
    .option('--to <time>', 'the last moment', moment)
    .requiredOption('--access-log <path>', 'a file, or a folder of files')
    .addHelpText('after', epilogue)
    .action((options: Options, command: Command) =>
      runCommand(command, async ({ study, output }) => {
        const { from, to, accessLog } = options;
        const question = { study, about: subjectOf(options), from, to };
        const calls = askAccess(question, () => openAccessLog(accessLog));
        let next = await answering(() => calls.next());
        while (!next.done) {
          output.entry('calls', next.value, line(next.value));
          next = await answering(() => calls.next());
        }
        const { records, calls: told, allowed, denied, failed } = next.value;
        const counts = { records, told, allowed, denied, failed };
        output.result(
          told === 0 ? { calls: [], counts } : { counts },
          `calls: ${told}, of these allowed ${allowed}, denied ${denied}, failed ${failed}; records read: ${records}`,
        );
      }),
    );
}

function objectId(text: string): string {
  const { data } = ObjectId.safeParse(text);
  if (data !== undefined) return data;
  throw new InvalidArgumentError('It must be an id that czar upload minted.');
}

function subjectOf({ object, principal, run }: Options): AccessSubject {
  const given: AccessSubject[] = [
    ...(object === undefined ? [] : [{ object }]),
    ...(principal === undefined ? [] : [{ principal }]),
    ...(run === undefined ? [] : [{ run }]),
  ];
  const [subject, ...more] = given;
  if (subject !== undefined && more.length === 0) return subject;
  throw new UserError('usage', 'exactly one of --object, --principal and --run must be given');
}

/** Columns of a width of their own: what comes later in the log is not known yet. */
function line({ at, by, call, on, outcome, error }: AnsweredCall): string {
  const result = error === undefined ? outcome : `${outcome} (${error})`;
  const what = on.map(({ kind, id }) => `${kind} ${id.slice(0, 21)}`).join(', ');
  return [at.padEnd(20), call.padEnd(26), result.padEnd(8), describePrincipal(by), what]
    .join('  ')
    .trimEnd();
}
