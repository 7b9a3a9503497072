import { text } from 'node:stream/consumers';
import {
  ApiError,
  type ApiRequest,
  type ApiResponse,
  type Call,
  type EventBus,
  type Service,
  type Surroundings,
} from '../../api.ts';
import { parseBody } from '../../read-input.ts';
import { bridgeEvent, type BridgeEvent } from './bridge-event.ts';
import { Deliveries, type FailedDelivery, type Receivers } from './deliveries.ts';
import { putEvents } from './put-events.ts';
import { createQueueSender } from './queue-sender.ts';
import { readRule, type Rule } from './rule.ts';

/** The embedded EventBridge, and what its neighbours and tests need of it. */
export interface EventsService extends Service, EventBus {
  /** Deliveries that failed for good. A healthy run has none. */
  readonly failedDeliveries: readonly FailedDelivery[];
  /** Resolves when no dead letter is on its way. */
  settled(): Promise<void>;
  /**
   * Fires a scheduled rule now, given by name, ARN or logical id (CDK's hash may be left out), even
   * one that is disabled.
   *
   * @throws TypeError when there is no such rule.
   */
  triggerSchedule(rule: string): void;
}

/**
 * Makes the embedded EventBridge: the default bus, rules of templates, schedules by the cloud's clock.
 *
 * `executions` and `sqs` are asked when they are needed: Step Functions itself puts events on this
 * bus, and a dead letter may never come.
 */
export function createEventsService(
  surroundings: Surroundings,
  functions: Receivers['functions'],
  executions: Receivers['executions'],
  sqs: () => Service,
): EventsService {
  const { clock } = surroundings;
  const queues = createQueueSender(surroundings, sqs);
  const rules: Rule[] = [];
  const deliveries = new Deliveries(surroundings, { functions, executions, queues });
  const stop = new AbortController();

  const accept = (event: BridgeEvent): void => {
    if (stop.signal.aborted) return;
    for (const rule of rules) {
      if (rule.isEnabled && rule.pattern?.(event) === true) deliveries.send(rule, event);
    }
  };
  const fire = (rule: Rule): void =>
    deliveries.send(
      rule,
      bridgeEvent(
        {
          source: 'aws.events',
          detailType: 'Scheduled Event',
          resources: [rule.arn],
          detail: {},
        },
        surroundings,
      ),
    );
  const follow = async (rule: Rule): Promise<void> => {
    for (;;) {
      const now = clock.now();
      const next = rule.schedule?.next(now);
      if (next === undefined) return;
      await clock.sleep(next.getTime() - now.getTime(), stop.signal);
      fire(rule);
    }
  };

  return {
    signingName: 'events',
    protocol: 'json',
    failedDeliveries: deliveries.failed,
    settled: () => deliveries.settled(),
    put: (content) => accept(bridgeEvent(content, surroundings)),
    triggerSchedule(wanted) {
      const rule = rules.find(
        ({ name, arn, logicalId, schedule }) =>
          schedule !== undefined &&
          [name, arn, logicalId, logicalId.replace(/[0-9A-F]{8}$/, '')].includes(wanted),
      );
      if (rule === undefined) throw new TypeError(`no scheduled rule is called ${wanted}`);
      fire(rule);
    },
    resources: [
      {
        type: 'AWS::Events::Rule',
        create(resource) {
          const rule = readRule(resource, surroundings);
          rules.push(rule);
          // Ends with the service, and only then by an error: that of the abort.
          if (rule.isEnabled) follow(rule).catch(() => undefined);
          return { ref: rule.name, attributes: { Arn: rule.arn } };
        },
      },
    ],
    async handle(request: ApiRequest, call: Call): Promise<ApiResponse> {
      const name = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      if (name !== 'PutEvents') {
        throw new ApiError(
          'UnsupportedOperation',
          `EventBridge ${name} is not supported by the embedded cloud`,
          501,
        );
      }
      const body = parseBody(await text(request.body));
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify(putEvents(body, call, surroundings, accept)),
      };
    },
    async stop() {
      stop.abort(new Error('EventBridge was stopped'));
      await deliveries.settled();
    },
  };
}
