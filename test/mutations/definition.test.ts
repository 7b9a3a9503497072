import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { everyFault } from '../failures/support/every-fault.ts';
import { cellKey, readDocumented } from '../failures/support/failure-model.ts';
import { violations } from '../failures/support/invariants.ts';
import { outcomeOf, Prover } from '../failures/support/prover.ts';
import { readTaskStates } from '../failures/support/task-states.ts';
import { checkMachine, readMachines } from '../workflow/checks/synthesized-machines.ts';
import { type Rule, rules } from '../workflow/rules.ts';
import { type Asl, readTemplate } from '../workflow/state-machine.ts';
import { type Mutation, mutateTemplate, readMutations } from './definition-mutations.ts';

const assembly = inject('assembly');
const documented = readDocumented();
const tasks = readTaskStates(assembly);
const folders: string[] = [];

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** What the static checks, which every synth runs, and the rules of this definition find in a mutated one. */
async function broken({ mutate }: Mutation) {
  if (mutate === undefined) return [];
  const { functions } = await readTemplate();
  const lifecycle = (await readMachines()).find(({ name }) => name === 'Batch/Lifecycle')!;
  const definition = structuredClone(lifecycle.definition);
  mutate(definition);
  const findings = await checkMachine(lifecycle.name, definition);
  const rulesBroken = Object.entries<Rule>(rules).filter(
    ([, rule]) => rule(definition as Asl, functions).length > 0,
  );
  return [
    ...findings.map((finding) => `static check ${finding.rule}`),
    ...rulesBroken.map(([name]) => `test/workflow/definition.test.ts: ${name}`),
  ];
}

/** Runs the cell that is to find a mutation; answers what is not as it is to be. */
async function prove(mutation: Mutation): Promise<readonly string[]> {
  const { foundBy } = mutation;
  const task = tasks.find(({ name }) => name === foundBy.state)!;
  const fault = everyFault(task).find(({ name }) => name === foundBy.fault)!;
  const copy = await mkdtemp(join(tmpdir(), 'czar-mutated-'));
  folders.push(copy);
  await cp(assembly, copy, { recursive: true });
  const path = join(copy, 'Batch.template.json');
  await writeFile(path, mutateTemplate(await readFile(path, 'utf8'), mutation));
  const prover = await Prover.start(copy);
  try {
    const end = await prover.try({ task, fault });
    const outcome = outcomeOf(end);
    const told = documented.get(cellKey({ state: task.name, fault: fault.name }))!;
    return [
      ...(await violations(prover.study, { task, fault }, end)),
      ...(outcome === told.outcome ? [] : [`it ended ${outcome}`]),
      ...(end.states.length === told.states ? [] : [`${end.states.length} states were entered`]),
      ...(end.sweeps > 0 && task.waitsForToken ? ['it took the hourly sweep'] : []),
    ];
  } finally {
    await prover.stop();
  }
}

describe('the lifecycle', () => {
  it.for(readMutations(assembly))('$name is found', async (mutation, { task: { meta } }) => {
    const [rule] = await broken(mutation);

    const found =
      rule === undefined
        ? (await prove(mutation)).map(
            (what) =>
              `npm run failures, ${mutation.foundBy.state}: ${mutation.foundBy.fault}: ${what}`,
          )
        : [rule];

    meta.mutation = { name: mutation.name, foundBy: found[0] ?? 'nothing' };
    expect(found).not.toEqual([]);
  });
});
