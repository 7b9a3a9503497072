import { ApiError, type Access, type CallRecord } from '../../api.ts';
import type { ContextValues } from '../../policy/request-context.ts';
import { expressionAttributes, partitionKeyValue } from './expression-attributes.ts';
import type { Item, Operation } from './operation.ts';
import type { Table, Tables } from './tables.ts';

/** The text of a key's value, as `dynamodb:LeadingKeys` has it. */
function keyText(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).filter((scalar) => typeof scalar === 'string');
}

function leadingKeys(table: Table | undefined, items: readonly Item[]): string[] | undefined {
  return table && items.flatMap((item) => keyText(item[table.partitionKey]));
}

function tagKeys(table: Table | undefined): ContextValues {
  const tags = Object.entries(table?.tags ?? {});
  return Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

interface Facts {
  readonly leadingKeys: readonly string[] | undefined;
  readonly attributes: readonly string[];
  readonly select?: string | undefined;
  readonly returnValues?: string | undefined;
  readonly returnConsumedCapacity?: string | undefined;
}

function contextOf(table: Table | undefined, facts: Facts): ContextValues {
  return {
    ...tagKeys(table),
    'dynamodb:LeadingKeys': facts.leadingKeys,
    'dynamodb:Attributes': [...new Set(facts.attributes)],
    'dynamodb:Select': facts.select,
    'dynamodb:ReturnValues': facts.returnValues,
    'dynamodb:ReturnConsumedCapacity': facts.returnConsumedCapacity,
  };
}

/** How a read is told in `dynamodb:Select` where the call does not say. */
function selection(select: string | undefined, projection: string | undefined): string {
  return select ?? (projection === undefined ? 'ALL_ATTRIBUTES' : 'SPECIFIC_ATTRIBUTES');
}

function itemFacts(
  operation: Extract<Operation, { name: 'GetItem' | 'PutItem' | 'UpdateItem' | 'DeleteItem' }>,
  table: Table | undefined,
): Facts {
  const { input } = operation;
  const item = 'Item' in input ? input.Item : input.Key;
  const expressions = [
    'ConditionExpression' in input ? input.ConditionExpression : undefined,
    'UpdateExpression' in input ? input.UpdateExpression : undefined,
    'ProjectionExpression' in input ? input.ProjectionExpression : undefined,
  ];
  return {
    leadingKeys: leadingKeys(table, [item]),
    attributes: [
      ...Object.keys(item),
      ...expressions.flatMap((text) => expressionAttributes(text, input.ExpressionAttributeNames)),
    ],
    select:
      'ProjectionExpression' in input || operation.name === 'GetItem'
        ? selection(
            undefined,
            'ProjectionExpression' in input ? input.ProjectionExpression : undefined,
          )
        : undefined,
    returnValues: 'ReturnValues' in input ? (input.ReturnValues ?? 'NONE') : undefined,
    returnConsumedCapacity: input.ReturnConsumedCapacity,
  };
}

/** The one partition key that a query reads; a condition that hides it must not slip past `dynamodb:LeadingKeys`. */
function queriedKey(
  input: Extract<Operation, { name: 'Query' }>['input'],
  partitionKey: string,
): string[] {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  const value = partitionKeyValue(input.KeyConditionExpression, partitionKey, names, values);
  if (value === undefined) {
    throw new ApiError(
      'ValidationException',
      'KeyConditionExpression must compare the partition key as "name = :value"',
    );
  }
  return keyText(value);
}

function searchFacts(
  { name, input }: Extract<Operation, { name: 'Query' | 'Scan' }>,
  table: Table | undefined,
): Facts {
  const { IndexName, ExpressionAttributeNames } = input;
  const partitionKey =
    IndexName === undefined ? table?.partitionKey : table?.indexes.get(IndexName);
  const leading =
    name === 'Query' && partitionKey !== undefined ? queriedKey(input, partitionKey) : undefined;
  const expressions = [
    name === 'Query' ? input.KeyConditionExpression : undefined,
    input.FilterExpression,
    input.ProjectionExpression,
  ];
  return {
    leadingKeys: leading,
    attributes: expressions.flatMap((text) => expressionAttributes(text, ExpressionAttributeNames)),
    select: selection(input.Select, input.ProjectionExpression),
    returnConsumedCapacity: input.ReturnConsumedCapacity,
  };
}

type Write = Extract<
  Operation,
  { name: 'BatchWriteItem' }
>['input']['RequestItems'][string][number];

function itemOf({ PutRequest, DeleteRequest }: Write): Item {
  return PutRequest?.Item ?? DeleteRequest?.Key ?? {};
}

function batchAccess(
  operation: Extract<Operation, { name: 'BatchGetItem' | 'BatchWriteItem' }>,
  tables: Tables,
): Access[] {
  const requests: [string, readonly Item[]][] =
    operation.name === 'BatchGetItem'
      ? Object.entries(operation.input.RequestItems).map(([name, { Keys }]) => [name, Keys])
      : Object.entries(operation.input.RequestItems).map(([name, all]) => [name, all.map(itemOf)]);
  return requests.map(([given, items]) => {
    const name = tables.nameOf(given);
    const table = tables.get(name);
    const facts = {
      leadingKeys: leadingKeys(table, items),
      attributes: items.flatMap((item) => Object.keys(item)),
      returnConsumedCapacity: operation.input.ReturnConsumedCapacity,
    };
    return {
      action: `dynamodb:${operation.name}`,
      resource: tables.arn(name),
      context: contextOf(table, facts),
    };
  });
}

/** What an operation asks the policies: one access per table. */
export function operationAccess(operation: Operation, tables: Tables): Access[] {
  const action = `dynamodb:${operation.name}`;
  switch (operation.name) {
    case 'ListTables':
      return [{ action, resource: '*' }];
    case 'BatchGetItem':
    case 'BatchWriteItem':
      return batchAccess(operation, tables);
    case 'DescribeTable': {
      const name = tables.nameOf(operation.input.TableName);
      return [{ action, resource: tables.arn(name), context: tagKeys(tables.get(name)) }];
    }
    case 'Query':
    case 'Scan': {
      const { TableName, IndexName } = operation.input;
      const name = tables.nameOf(TableName);
      const table = tables.get(name);
      const index = IndexName === undefined ? '' : `/index/${IndexName}`;
      const context = contextOf(table, searchFacts(operation, table));
      return [{ action, resource: `${tables.arn(name)}${index}`, context }];
    }
    default: {
      const name = tables.nameOf(operation.input.TableName);
      const table = tables.get(name);
      const context = contextOf(table, itemFacts(operation, table));
      return [{ action, resource: tables.arn(name), context }];
    }
  }
}

const readOnly = new Set([
  'GetItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'DescribeTable',
  'ListTables',
]);
const management = new Set(['DescribeTable', 'ListTables']);

/** The access log's part of an operation: tables, index and key, never another attribute. */
export function operationRecord(operation: Operation, accesses: readonly Access[]): CallRecord {
  const { name, input } = operation;
  return {
    eventName: name,
    readOnly: readOnly.has(name),
    dataEvent: !management.has(name),
    requestParameters: {
      ...('TableName' in input ? { tableName: input.TableName } : {}),
      ...('IndexName' in input && input.IndexName !== undefined
        ? { indexName: input.IndexName }
        : {}),
      ...('Key' in input ? { key: input.Key } : {}),
    },
    resources: accesses
      .filter(({ resource }) => resource !== '*')
      .map(({ resource }) => ({
        ARN: resource.split('/index/')[0] ?? resource,
        type: 'AWS::DynamoDB::Table',
      })),
  };
}
