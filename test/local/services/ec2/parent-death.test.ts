import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { machineProcesses } from '../../../../local/services/ec2/machine-processes.ts';
import { isAlive, until } from './test-cloud.ts';

const program = fileURLToPath(new URL('lonely-parent.ts', import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'czar-parent-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Starts a process that has a machine; answers both once the machine has processes and a file. */
async function startParent(how: 'wait' | 'exit' | 'throw') {
  const parent = spawn(process.execPath, [program, directory, how], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let told = '';
  parent.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk;
  });
  await until(() => told.endsWith('\n'));
  return { parent, machine: told.trim() };
}

async function expectNothingLeft(machine: string): Promise<void> {
  await until(() => !existsSync(machine));
  expect(machineProcesses(machine)).toEqual([]);
}

it('leaves no process and no file where its parent is killed', async () => {
  const { parent, machine } = await startParent('wait');
  const machinePid = Number(readFileSync(join(machine, 'run/machine.pid'), 'utf8'));
  expect(machineProcesses(machine).length).toBeGreaterThanOrEqual(2);
  expect(existsSync(join(machine, 'scratch-file'))).toBe(true);

  parent.kill('SIGKILL');

  await expectNothingLeft(machine);
  await until(() => !isAlive(machinePid));
});

it.each(['exit', 'throw'] as const)('leaves nothing where its parent ends by %s', async (how) => {
  const { machine } = await startParent(how);

  await expectNothingLeft(machine);
});

it('is swept away by the next cloud where it was killed together with its parent', async () => {
  const { parent, machine } = await startParent('wait');
  const machinePid = Number(readFileSync(join(machine, 'run/machine.pid'), 'utf8'));
  process.kill(machinePid, 'SIGSTOP');
  parent.kill('SIGKILL');
  process.kill(machinePid, 'SIGKILL');
  await until(() => !isAlive(machinePid));
  const left = machineProcesses(machine);
  expect(left.length).toBeGreaterThanOrEqual(2);

  const next = await startParent('wait');

  expect(existsSync(machine)).toBe(false);
  await until(() => !left.some(isAlive));
  next.parent.kill('SIGKILL');
  await expectNothingLeft(next.machine);
});
