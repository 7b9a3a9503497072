import type { Call, Service, StorageKeys, Surroundings } from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { createMessageJournal } from './message-journal.ts';
import { createMessageStore } from './message-store.ts';
import { readOperation, type Operation } from './operation.ts';
import { operationAccess, operationRecord } from './operation-access.ts';
import { QueueOperations } from './queue-operations.ts';
import { queueResources } from './queue-resources.ts';
import { Queues } from './queues.ts';

/** SQS's own key asks nobody; any other is used as the caller, via SQS. */
const ownKey = 'alias/aws/sqs';

/**
 * Holds sending and receiving on an encrypted queue against the key's policy.
 *
 * AWS uses a data key for five minutes and asks then only; this asks every time.
 */
function useKey(
  { name, input }: Operation,
  call: Call,
  queues: Queues,
  keys: StorageKeys,
  via: string,
): void {
  if (!('QueueUrl' in input)) return;
  const key = queues.get(queues.nameIn(input.QueueUrl))?.kmsKey;
  if (key === undefined || key === ownKey) return;
  if (name === 'SendMessage' || name === 'SendMessageBatch') {
    keys.generate(call, via, key);
    keys.use(call, via, key);
  }
  if (name === 'ReceiveMessage') keys.use(call, via, key);
}

/** Creates SQS: fauxqs behind the policies of the templates. Standard queues only. */
export function createSqsService(
  surroundings: Pick<Surroundings, 'region' | 'accountId' | 'endpoint' | 'directory'>,
  keys: StorageKeys,
): Service {
  const { region, accountId } = surroundings;
  const queues = new Queues(surroundings);
  const store = createMessageStore(region, accountId);
  const journal = createMessageJournal(surroundings.directory);
  const operations = new QueueOperations(store, queues, accountId);
  return {
    signingName: 'sqs',
    protocol: 'json',
    resources: queueResources(operations, queues),
    stop: async () => {
      await Promise.all([store.stop(), journal.close()]);
    },
    handle: async (request, call) => {
      const target = request.headers['x-amz-target'];
      const name = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : '';
      const operation = readOperation(name, await readBodyText(request.body));
      const accesses = operationAccess(operation, queues);
      call.record(operationRecord(operation, accesses));
      for (const access of accesses) call.authorize(access);
      useKey(operation, call, queues, keys, `sqs.${region}.amazonaws.com`);
      await journal.note(operation);
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify(await operations.run(operation)),
      };
    },
  };
}
