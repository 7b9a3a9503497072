import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One thing taken out of the code, and the test that misses it. */
const mutations = [
  {
    name: 'a claim of an object without its condition',
    file: 'ledger/objects.ts',
    old: "    condition: [\n      '#state = :registered',",
    new: "    condition: [\n      'attribute_exists(#state)',\n      '#state = :registered',",
    foundBy: 'test/ledger/objects.test.ts',
  },
  {
    name: 'an opening of a batch without its condition',
    file: 'ledger/batches.ts',
    old: 'condition: `#state = :sealed OR (',
    new: 'condition: `attribute_exists(#state) OR #state = :sealed OR (',
    foundBy: 'test/ledger/batches.test.ts',
  },
  {
    name: 'a launch without its ClientToken',
    file: 'tasks/launch-worker/launch-worker.ts',
    old: '    ClientToken: clientToken(input),\n',
    new: '',
    foundBy: 'test/tasks/launch-worker.test.ts',
  },
  {
    name: 'a sweeper that terminates nothing',
    file: 'tasks/run-instances/terminate-instances.ts',
    old: '    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));\n',
    new: '    void ids;\n',
    foundBy: 'test/tasks/sweep.test.ts',
  },
  {
    name: 'an hourly sweep that asks for no evidence',
    file: 'tasks/sweep/sweep.ts',
    old: 'const evidence = await askForMissingEvidence(deps);',
    new: 'const evidence = 0;',
    foundBy: 'test/tasks/sweep.test.ts',
  },
];

/** Not of the source, or none of a test's business. */
const leftOut = new Set(['.git', '.czar', 'node_modules', 'cdk.out', 'coverage']);

let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'czar-mutated-'));
  await cp(root, copy, {
    recursive: true,
    filter: (path) => !leftOut.has(relative(root, path).split(sep)[0] ?? ''),
  });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** Runs the unit tests of one file in the copy; answers its exit code and what it printed. */
async function runTests(file: string): Promise<{ code: number | null; text: string }> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', file];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, text };
}

describe('the code', () => {
  it.for(mutations)('$name is found', async (mutation, { task: { meta } }) => {
    const path = join(copy, mutation.file);
    const whole = await readFile(path, 'utf8');
    expect(whole.split(mutation.old)).toHaveLength(2);
    await writeFile(
      path,
      whole.replace(mutation.old, () => mutation.new),
    );

    const { code, text } = await runTests(mutation.foundBy);
    await writeFile(path, whole);

    const [, failed] = /FAIL.*?\.test\.ts.*?> (.*)/.exec(text.replace(/\x1b\[[0-9;]*m/g, '')) ?? [];
    meta.mutation = {
      name: mutation.name,
      foundBy: failed === undefined ? 'nothing' : `${mutation.foundBy}: ${failed}`,
    };
    expect(code).toBe(1);
    expect(failed).toBeDefined();
  });
});
