import type { Finding } from './finding.ts';
import { type Place, statePath } from './machine.ts';

/** Finds Tasks without a timeout of their own: Step Functions' is three years. */
export function findTasksWithoutTimeout({ path, branch }: Place): Finding[] {
  return Object.entries(branch.States)
    .filter(([, { Type, TimeoutSeconds }]) => Type === 'Task' && TimeoutSeconds === undefined)
    .map(([name]) => ({
      rule: 'no-timeout',
      path: statePath(path, name),
      sentence: `the Task ${name} has no TimeoutSeconds`,
    }));
}

/** Finds heartbeats that a timeout would always precede. Times that are expressions are not compared. */
export function findLongHeartbeats({ path, branch }: Place): Finding[] {
  return Object.entries(branch.States).flatMap(
    ([name, { HeartbeatSeconds: heartbeat, TimeoutSeconds: timeout }]): Finding[] =>
      typeof heartbeat === 'number' && typeof timeout === 'number' && heartbeat >= timeout
        ? [
            {
              rule: 'heartbeat-too-long',
              path: `${statePath(path, name)}/HeartbeatSeconds`,
              sentence: `${name} waits ${heartbeat} s for a heartbeat and ${timeout} s in all`,
            },
          ]
        : [],
  );
}
