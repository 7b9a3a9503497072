import { awsFaults } from './aws-faults.ts';
import { executionFaults } from './execution-faults.ts';
import type { Fault } from './fault.ts';
import { functionFaults, namedErrorFaults } from './function-faults.ts';
import type { TaskState } from './task-states.ts';
import { workerFaults } from './worker-faults.ts';

/** All that can go wrong at a Task state. */
export function everyFault(task: TaskState): readonly Fault[] {
  return [
    ...namedErrorFaults(task),
    ...functionFaults(task),
    ...awsFaults(task),
    ...workerFaults(task),
    ...executionFaults,
  ];
}
