import { ApiError, type Surroundings } from '../../api.ts';
import { isAccessDenied } from '../../gateway/access-denied.ts';
import type { QueueSender } from '../events/queue-sender.ts';
import type { LogFailure } from './iot-log.ts';
import type { PublishedMessage } from './rule-expression.ts';
import type { QueueAction, TopicRule } from './topic-rule.ts';

/** A message that a rule could give to nobody, neither by its actions nor by its error action. */
export interface LostMessage {
  readonly ruleName: string;
  /** A name: the code of the error action's error, or of the action's where a rule has none. */
  readonly error: string;
}

/** An action that failed, as the error action tells it. */
interface Failure {
  readonly failedAction: 'SqsAction';
  readonly failedResource: string;
  readonly errorMessage: string;
}

/**
 * Gives messages to the actions of rules.
 *
 * AWS tries again for a while when a service does not answer; here it either does or refuses, which
 * trying again would not change.
 */
export class RuleEngine {
  readonly lost: LostMessage[] = [];
  readonly #surroundings: Surroundings;
  readonly #queues: QueueSender;
  readonly #logFailure: LogFailure;
  readonly #rules: TopicRule[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  #isStopped = false;

  constructor(surroundings: Surroundings, queues: QueueSender, logFailure: LogFailure) {
    this.#surroundings = surroundings;
    this.#queues = queues;
    this.#logFailure = logFailure;
  }

  add(rule: TopicRule): void {
    this.#rules.push(rule);
  }

  /** The rules that get what is published to a topic. */
  rulesFor(topic: string): readonly TopicRule[] {
    return this.#rules.filter(({ isEnabled, query }) => isEnabled && query.matches(topic));
  }

  /**
   * Resolves when each rule's actions, or else its error action, took the message over, or it is
   * counted as lost.
   *
   * @throws Error when they failed because the cloud stops: the device is to send it again, then.
   */
  async take(rules: readonly TopicRule[], message: PublishedMessage): Promise<void> {
    const work = Promise.all(rules.map((rule) => this.#apply(rule, message)));
    this.#underWay.add(work);
    try {
      await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Resolves when nothing is under way. What fails from now on is not lost, but not taken. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#underWay);
  }

  async #apply(rule: TopicRule, message: PublishedMessage): Promise<void> {
    const payload = rule.query.select(message);
    const errors: unknown[] = [];
    const failures: Failure[] = [];
    await Promise.all(
      rule.actions.map(async (action) => {
        try {
          await this.#send(rule, action, payload);
        } catch (error) {
          errors.push(error);
          failures.push(failureOf(action, error));
        }
      }),
    );
    if (failures.length === 0) return;
    if (this.#isStopped) throw new Error('the cloud stops');
    await this.#fail(rule, message, failures, nameOf(errors[0]));
  }

  /** One message for the error action, whichever of the actions failed. */
  async #fail(
    rule: TopicRule,
    message: PublishedMessage,
    failures: readonly Failure[],
    error: string,
  ): Promise<void> {
    const { clientId, topic, principal } = message;
    const ids = { clientId, topicName: topic, principalId: principal, ruleName: rule.name };
    const traceId = this.#logFailure({ eventType: 'RuleExecution', ...ids, reason: error });
    const lose = (reason: string): void => {
      this.lost.push({ ruleName: rule.name, error: reason });
      const count = `${reason}: the message is lost, ${this.lost.length} so far`;
      this.#logFailure({ eventType: 'RuleExecution', ...ids, reason: count });
    };
    if (rule.errorAction === undefined) {
      lose(error);
      return;
    }
    const letter = {
      ruleName: rule.name,
      topic,
      cloudwatchTraceId: traceId,
      clientId,
      base64OriginalPayload: message.payload.toString('base64'),
      failures,
    };
    try {
      await this.#send(rule, rule.errorAction, JSON.stringify(letter));
    } catch (second) {
      lose(nameOf(second));
    }
  }

  /** The role's policies are read each time: those of the moment count, as in AWS. */
  async #send(rule: TopicRule, action: QueueAction, payload: string): Promise<void> {
    const { roleArn, queueArn, useBase64 } = action;
    const caller = this.#surroundings.principals.roleCaller(roleArn, rule.name.slice(0, 64));
    const body = useBase64 ? Buffer.from(payload).toString('base64') : payload;
    await this.#queues.send(caller, queueArn, undefined, { body, attributes: {} });
  }
}

/** The error's own text names a role, an action and a queue: nothing of the message. */
function failureOf({ queueUrl }: QueueAction, error: unknown): Failure {
  const text = error instanceof ApiError ? error.message : nameOf(error);
  return {
    failedAction: 'SqsAction',
    failedResource: queueUrl,
    errorMessage: `Failed to send message to SQS queue. The error received was ${text}`,
  };
}

function nameOf(error: unknown): string {
  if (isAccessDenied(error)) return 'AccessDenied';
  if (error instanceof ApiError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
