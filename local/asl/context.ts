import type { Json } from './json.ts';
import type { ExecutionFacts, Frame, Redrives } from './runtime.ts';

/** What the context object tells about the state that reads it. */
export interface StateFacts {
  readonly name: string;
  readonly enteredTime: Date;
  /** Present in states that can retry. */
  readonly retryCount?: number;
  readonly taskToken?: string;
}

/** Builds `$states.context`, with the members AWS gives a state at this moment and no others. */
export function contextObject(
  facts: ExecutionFacts,
  redrives: Redrives,
  state: StateFacts,
  frame: Frame,
): Json {
  return {
    Execution: {
      Id: facts.executionArn,
      Input: facts.input,
      StartTime: facts.startTime.toISOString(),
      Name: facts.name,
      RoleArn: facts.roleArn,
      RedriveCount: redrives.count,
      ...(redrives.time && { RedriveTime: redrives.time.toISOString() }),
    },
    StateMachine: { Id: facts.stateMachineArn, Name: facts.stateMachineName },
    State: {
      Name: state.name,
      EnteredTime: state.enteredTime.toISOString(),
      ...(state.retryCount === undefined ? {} : { RetryCount: state.retryCount }),
    },
    ...(frame.mapItem && { Map: { Item: { ...frame.mapItem } } }),
    ...(state.taskToken === undefined ? {} : { Task: { Token: state.taskToken } }),
  };
}
