import { randomUUID } from 'node:crypto';
import { ApiError, type CloudCaller, type Surroundings } from '../../api.ts';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import type { LambdaService } from '../lambda/lambda-service.ts';
import type { BridgeEvent } from './bridge-event.ts';
import type { QueueSender } from './queue-sender.ts';
import type { Rule, Target } from './rule.ts';

/** Starts executions for rules: what the embedded Step Functions does for EventBridge. */
export interface ExecutionStarter {
  /** @throws ApiError when the caller may not, or the state machine refuses. */
  startExecutionAs(caller: CloudCaller, stateMachineArn: string, name: string, input: string): void;
}

/** Whom rules deliver to. */
export interface Receivers {
  readonly functions: Pick<LambdaService, 'takeEvent'>;
  readonly executions: () => ExecutionStarter;
  readonly queues: QueueSender;
}

/** An event that did not reach a target. The event is not kept here; a dead-letter queue has it. */
export interface FailedDelivery {
  readonly ruleName: string;
  readonly targetId: string;
  /** A name: the error's code, never its message. */
  readonly error: string;
}

/** Hands events on to the targets of rules. */
export class Deliveries {
  readonly failed: FailedDelivery[] = [];
  readonly #surroundings: Surroundings;
  readonly #receivers: Receivers;
  readonly #underWay = new Set<Promise<void>>();

  constructor(surroundings: Surroundings, receivers: Receivers) {
    this.#surroundings = surroundings;
    this.#receivers = receivers;
  }

  send(rule: Rule, event: BridgeEvent): void {
    for (const target of rule.targets) {
      try {
        this.#sendTo(target, rule, event);
      } catch (error) {
        this.#fail(rule, target, error);
        this.#bury(rule, target, event, error);
      }
    }
  }

  /** Resolves when every dead letter is in its queue, or counted as failed as well. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #sendTo({ kind, arn, roleArn, makePayload }: Target, rule: Rule, event: BridgeEvent): void {
    const { principals } = this.#surroundings;
    const payload = makePayload(event, rule);
    if (kind === 'function') {
      const caller = principals.serviceCaller('events.amazonaws.com');
      this.#receivers.functions.takeEvent(caller, arn, payload, { sourceArn: rule.arn });
      return;
    }
    const caller = principals.roleCaller(roleArn ?? '', `Events_${rule.name}`.slice(0, 64));
    const name = `${event.id}_${randomUUID()}`;
    this.#receivers.executions().startExecutionAs(caller, arn, name, payload);
  }

  #fail({ name: ruleName }: Rule, { id: targetId }: Target, error: unknown): void {
    this.failed.push({ ruleName, targetId, error: nameOf(error) });
  }

  /** A queue that does not take the dead letter is a second failed delivery. */
  #bury(rule: Rule, target: Target, event: BridgeEvent, cause: unknown): void {
    if (target.deadLetterQueueArn === undefined) return;
    const caller = this.#surroundings.principals.serviceCaller('events.amazonaws.com');
    const work = this.#receivers.queues
      .send(caller, target.deadLetterQueueArn, rule.arn, {
        body: JSON.stringify(event),
        attributes: { RULE_ARN: rule.arn, TARGET_ARN: target.arn, ERROR_CODE: nameOf(cause) },
      })
      .catch((error: unknown) => this.#fail(rule, target, error))
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }
}

function nameOf(error: unknown): string {
  if (isAccessDenied(error)) return 'AccessDenied';
  if (error instanceof ApiError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
