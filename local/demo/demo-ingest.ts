/**
 * `npm run demo:ingest`: a day of a fleet's sensor data, from the devices to a batch's results, on this
 * machine, from the synthesized templates. Its last line on stdout is one JSON object; the exit code is 0
 * only when every check held.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runIngestDemo } from './run-ingest-demo.ts';
import { play } from './stage.ts';

const help = `npm run demo:ingest [-- options]

Lets a fleet of simulated devices publish a day over MQTT, with duplicates, losses, disorder, restarts
and wrong clocks; polls it, kills pollers on the way, runs a batch on the day, and holds all that was
found against what was sent.

  --devices <n>    (default: 6)
  --messages <n>   of the whole fleet (default: 6000)
  --kills <n>      polls that are killed while they store (default: 1)
  --seed <n>       of the fleet's faults (default: 208)
  --keep           leave the embedded cloud running with the console, and say how to use it
  --help           this text

The last line on stdout is one JSON object; the exit code is 0 when every check held.`;

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '6' },
    messages: { type: 'string', default: '6000' },
    kills: { type: 'string', default: '1' },
    seed: { type: 'string', default: '208' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`${help}\n`);
} else {
  await play({
    folder: 'demo-ingest',
    context: { ingest: 'true', pollMinutes: '1' },
    keep: values.keep,
    hints: [
      'eval "$(npx czar local env --as operator)"   reaches it, as the operator',
      'npx czar iot status                          devices, days, runs',
      'npx czar iot gaps --open                     what did not come',
      'npx czar local stop                          stops it and the console, and wipes what it kept',
    ],
    act: (stage) =>
      runIngestDemo(
        {
          devices: Number(values.devices),
          messages: Number(values.messages),
          kills: Number(values.kills),
          seed: Number(values.seed),
        },
        stage,
      ),
  });
}
