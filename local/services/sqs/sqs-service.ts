import type { Service, StorageKeys, Surroundings } from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { createMessageJournal } from './message-journal.ts';
import { createMessageStore } from './message-store.ts';
import { readOperation } from './operation.ts';
import { operationAccess, operationRecord } from './operation-access.ts';
import { QueueKeys } from './queue-keys.ts';
import { QueueOperations } from './queue-operations.ts';
import { queueResources } from './queue-resources.ts';
import { Queues } from './queues.ts';

/** Creates SQS: fauxqs behind the policies of the templates. Standard queues only. */
export function createSqsService(
  surroundings: Pick<Surroundings, 'region' | 'accountId' | 'endpoint' | 'directory'>,
  keys: StorageKeys,
): Service {
  const { region, accountId } = surroundings;
  const queues = new Queues(surroundings);
  const queueKeys = new QueueKeys(keys, `sqs.${region}.amazonaws.com`);
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
      if ('QueueUrl' in operation.input) {
        const queue = queues.get(queues.nameIn(operation.input.QueueUrl));
        if (queue !== undefined) queueKeys.use(queue, operation, call);
      }
      await journal.note(operation);
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: JSON.stringify(await operations.run(operation)),
      };
    },
  };
}
