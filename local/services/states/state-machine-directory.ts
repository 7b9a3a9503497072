import { ApiError } from '../../api.ts';
import type { DeclaredStateMachine } from './state-machine.ts';

const arnForm = /^arn:[^:]+:states:[^:]*:\d+:stateMachine:[^:]+$/;
const qualifiedForm = /^arn:[^:]+:states:[^:]*:\d+:stateMachine:[^:]+:[^:]+$/;

/** All state machines of a deployment. */
export class StateMachineDirectory {
  readonly #machines = new Map<string, DeclaredStateMachine>();

  add(machine: DeclaredStateMachine): void {
    this.#machines.set(machine.arn, machine);
  }

  all(): DeclaredStateMachine[] {
    return [...this.#machines.values()];
  }

  find(arn: string): DeclaredStateMachine | undefined {
    return this.#machines.get(arn);
  }

  /** @throws ApiError StateMachineDoesNotExist */
  get(arn: string): DeclaredStateMachine {
    const found = this.find(arn);
    if (found !== undefined) return found;
    throw new ApiError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
  }
}

/** @throws ApiError for what is no ARN of a state machine, and for versions and aliases. */
export function requireStateMachineArn(arn: string): void {
  if (qualifiedForm.test(arn)) {
    throw new ApiError(
      'UnsupportedOperation',
      'Step Functions: versions and aliases are not supported by the embedded cloud',
      501,
    );
  }
  if (!arnForm.test(arn)) throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
}
