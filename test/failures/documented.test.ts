import { readFileSync } from 'node:fs';
import { describe, expect, inject, it } from 'vitest';
import { everyFault } from './support/every-fault.ts';
import { cellKey, readDocumented } from './support/failure-model.ts';
import { readTaskStates } from './support/task-states.ts';

const cells = readTaskStates(inject('assembly')).flatMap((task) =>
  everyFault(task).map((fault) => cellKey({ state: task.name, fault: fault.name })),
);

describe('docs/failure-model.md', () => {
  it('has every fault at every Task state of the synthesized lifecycle, and no other', () => {
    expect([...readDocumented().keys()].toSorted()).toEqual(cells.toSorted());
  });

  it('is summed up in the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

    expect(readme).toContain(`${cells.length} cells`);
  });
});
