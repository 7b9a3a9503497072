/**
 * `npm run demo`: a batch from upload to evaporation, on this machine, from the synthesized
 * templates. Its last line on stdout is one JSON object; the exit code is 0 only when every check
 * held.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runDemo } from './run-demo.ts';
import { play } from './stage.ts';

const help = `npm run demo [-- options]

Runs one batch of the synthetic study "100 Johns" from upload to evaporation, on this machine.

  --keep           leave the embedded cloud running with the console, and say how to use it
  --split <n>      files to split the visits into: one object each (default: 12)
  --workers <n>    dedicated machines (default: 5)
  --help           this text

The last line on stdout is one JSON object; the exit code is 0 when every check held.`;

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    split: { type: 'string', default: '12' },
    workers: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`${help}\n`);
} else {
  await play({
    folder: 'demo',
    keep: values.keep,
    hints: [
      'eval "$(npx czar local env)"      reaches it, as the researcher',
      'npx czar upload <files>           makes a batch of them',
      'npx czar start <batch> --pipeline vitals-summary --watch',
      'npx czar local stop               stops it and the console, and wipes what it kept',
    ],
    act: ({ state, transcript, folder, signal }) =>
      runDemo(
        { split: Number(values.split), workers: Number(values.workers), folder, signal },
        state,
        transcript,
      ),
  });
}
