/** A definition of these states, from the first one on. */
export function machine(states: Record<string, unknown>): Record<string, unknown> {
  return { QueryLanguage: 'JSONata', ...branch(states) };
}

/** The same inside a Map or a Parallel. */
export function branch(states: Record<string, unknown>): Record<string, unknown> {
  return { StartAt: Object.keys(states)[0], States: states };
}

/** A Task that is in order, and what a test changes of it. */
export function task(changes: Record<string, unknown>): Record<string, unknown> {
  return { Type: 'Task', Resource: functionArn, TimeoutSeconds: 60, ...changes };
}

export const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:work';
