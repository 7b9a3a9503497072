import type { Command } from 'commander';
import { PollCommand } from '../../ingest/model/poll-command.ts';
import { parseTyped } from '../arguments.ts';
import { openIngest } from '../iot/ingest.ts';
import { day } from '../iot/iot-arguments.ts';
import { runCommand } from '../run-command.ts';
import { startExecution, tellStarted } from '../start-execution.ts';

interface Options {
  readonly seal?: readonly string[];
  readonly watch?: boolean;
}

const epilogue = `
A poll runs by itself on the deployment's schedule; this is for who does not want to
wait. While another run is on, it ends at once and says so.

A day's batches are sealed by themselves some hours after the day (sealAfterHours of
the deployment). --seal seals those of a day now; what comes of that day later goes
to a LATE batch of it. Prints the execution's ARN.

Exit code with --watch: 0 where the run SUCCEEDED, else 1; Ctrl-C (130) ends the
watching only, and czar watch <ARN> follows it again.`;

/** `czar iot poll`: starts a run of the ingest. */
export function addIotPollCommand(iot: Command): void {
  iot
    .command('poll')
    .summary('fetch what devices have published, now')
    .description(
      'Starts a run of the ingest: what is in the queue goes into the batches of its days.',
    )
    .option('--seal <day...>', 'seal the batches of these days at the end', addDay)
    .option('--watch', 'follow it to its end')
    .addHelpText('after', epilogue)
    .action(({ seal = [], watch = false }: Options, command: Command) =>
      runCommand(command, async (context) => {
        const days = parseTyped(PollCommand.pick({ seal: true }), { seal });
        const { deployment, settings } = await openIngest(context.study);
        const { stateMachineArn } = settings;
        const executionArn = await startExecution(deployment, {
          stateMachineArn,
          name: 'poll',
          input: seal.length === 0 ? {} : days,
        });
        await tellStarted(deployment, executionArn, { watch }, context);
      }),
    );
}

/** Of a day that is named twice there is one. */
function addDay(text: string, before: readonly string[] = []): readonly string[] {
  return [...new Set([...before, day(text)])];
}
