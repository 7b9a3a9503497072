import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { lockMachine } from '../../../ingest/poller/machine-lock.ts';

const module = new URL('../../../ingest/poller/machine-lock.ts', import.meta.url);

it('is had by one at a time, and again by the next when it is released', async () => {
  const first = await lockMachine('/spool/one');
  const second = await lockMachine('/spool/one');
  const ofAnotherFolder = await lockMachine('/spool/two');

  await first?.release();
  const third = await lockMachine('/spool/one');

  expect([first, second, ofAnotherFolder, third].map((lock) => lock !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
  await Promise.all([ofAnotherFolder?.release(), third?.release()]);
});

it('is free when its process was killed', async () => {
  const code = `import { lockMachine } from '${module.href}';
    await lockMachine('/spool/killed');
    process.stdout.write('locked');
    setInterval(() => undefined, 1_000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', code]);
  await once(holder.stdout, 'data');
  const during = await lockMachine('/spool/killed');

  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const after = await lockMachine('/spool/killed');

  expect([during, after !== undefined]).toEqual([undefined, true]);
  await after?.release();
});
