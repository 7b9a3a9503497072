import type { Service, Surroundings } from '../../api.ts';
import { createQueueSender } from '../events/queue-sender.ts';
import type { LogSink } from '../lambda/log-sink.ts';
import type { Broker } from './broker.ts';
import { ControlPlane } from './control-plane.ts';
import { createIotLog } from './iot-log.ts';
import { iotResources } from './iot-resources.ts';
import { operationAccess, operationRecord } from './operation-access.ts';
import { readOperation } from './operation.ts';
import { Registry } from './registry.ts';
import { RuleEngine, type LostMessage } from './rule-engine.ts';

/** The embedded AWS IoT Core, and what its neighbours and tests need of it. */
export interface IotService extends Service {
  /** `127.0.0.1:PORT`, as `DescribeEndpoint` tells it; undefined while no broker runs. */
  readonly endpointAddress: string | undefined;
  /** File with the certificate that devices trust the endpoint by; undefined while no broker runs. */
  readonly authorityPath: string | undefined;
  /** Messages that neither a rule's actions nor its error action took. A healthy run has none. */
  readonly lostMessages: readonly LostMessage[];
}

/**
 * Makes the embedded AWS IoT Core: things and certificates, an MQTT broker that knows AWS IoT's policies,
 * and topic rules that send to SQS.
 *
 * Written by hand but for the protocol (aedes) and X.509 (@peculiar/x509): no library serves AWS IoT's
 * control plane, its policies or the SQL of its rules. The broker starts with the first resource of a
 * template, or with the first call that needs it: most clouds have no devices. `sqs` is asked when a
 * message is to be sent.
 *
 * Not supported, and refused: MQTT 5 and WebSockets, persistent sessions, last wills, retained
 * messages, QoS 2, shared subscriptions, topics that begin with `$`. A rule's role need not trust
 * AWS IoT here: CDK's synth tests have to see to that.
 */
export function createIotService(
  surroundings: Surroundings,
  sqs: () => Service,
  logs: LogSink,
): IotService {
  const log = createIotLog(surroundings, logs);
  const logFailure = log.failure;
  const registry = new Registry(surroundings);
  const rules = new RuleEngine(surroundings, createQueueSender(surroundings, sqs), logFailure);
  let starting: Promise<Broker> | undefined;
  let running: Broker | undefined;

  const startBroker = async (): Promise<Broker> => {
    // Loading it takes a tenth of a second, which a cloud without devices can do without.
    const module = await import('./broker.ts');
    running = await module.startBroker({ surroundings, registry, rules, logFailure });
    return running;
  };
  const broker = (): Promise<Broker> => (starting ??= startBroker());
  const controlPlane = new ControlPlane(registry, surroundings.accountId, broker);

  return {
    signingName: 'iot',
    protocol: 'rest-json',
    resources: iotResources(surroundings, registry, rules, broker),
    lostMessages: rules.lost,
    get endpointAddress() {
      return running?.address;
    },
    get authorityPath() {
      return running?.authorityPath;
    },
    handle: async (request, call) => {
      const operation = await readOperation(request);
      const accesses = operationAccess(operation, registry);
      call.record(operationRecord(operation, accesses));
      for (const access of accesses) call.authorize(access);
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(await controlPlane.run(operation)),
      };
    },
    stop: async () => {
      log.close();
      const settled = rules.stop();
      await (await starting)?.stop();
      await settled;
    },
  };
}
