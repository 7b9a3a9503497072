import { ApiError, type Service, type Surroundings } from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { createItemStore } from './item-store.ts';
import { readOperation, type Operation } from './operation.ts';
import { operationAccess, operationRecord } from './operation-access.ts';
import { tableResource } from './table-resource.ts';
import { Tables } from './tables.ts';

/** Dynalite knows tables by their names and not by ARNs. */
function withTableName({ name, input }: Operation, tables: Tables): unknown {
  if ('TableName' in input) return { ...input, TableName: tables.nameOf(input.TableName) };
  if (name !== 'BatchGetItem' && name !== 'BatchWriteItem') return input;
  const requests = Object.entries(input.RequestItems);
  return {
    ...input,
    RequestItems: Object.fromEntries(
      requests.map(([table, request]) => [tables.nameOf(table), request]),
    ),
  };
}

/**
 * Creates DynamoDB: dynalite behind the policies of the templates.
 *
 * Single items, queries, scans and batches; no transactions, streams or changes of tables.
 */
export function createDynamodbService({
  region,
  accountId,
}: Pick<Surroundings, 'region' | 'accountId'>): Service {
  const store = createItemStore();
  const tables = new Tables(region, accountId);
  /** Dynalite writes an account of its own into ARNs, and a region from the process's environment. */
  const withOurArns = (text: string): string =>
    text.replace(/arn:aws:dynamodb:[a-z0-9-]+:\d+:table\//g, tables.arn(''));
  return {
    signingName: 'dynamodb',
    protocol: 'json',
    resources: [tableResource(store, tables)],
    handle: async (request, call) => {
      const target = request.headers['x-amz-target'];
      const name = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : '';
      const operation = readOperation(name, await readBodyText(request.body));
      const accesses = operationAccess(operation, tables);
      call.record(operationRecord(operation, accesses));
      if (accesses.length === 0)
        throw new ApiError('ValidationException', 'RequestItems: must name a table');
      for (const access of accesses) call.authorize(access);
      const answer = await store.call(name, JSON.stringify(withTableName(operation, tables)));
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: name === 'DescribeTable' ? withOurArns(answer) : answer,
      };
    },
  };
}
