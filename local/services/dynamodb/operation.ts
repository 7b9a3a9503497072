import * as z from 'zod';
import { parseBody, readInput, unsupported } from '../../read-input.ts';

/** An attribute's value as DynamoDB's API writes it. */
const AttributeValue = z.record(z.string(), z.unknown());

const Item = z.record(z.string(), AttributeValue);
export type Item = z.infer<typeof Item>;

const names = z.record(z.string(), z.string()).optional();
const values = z.record(z.string(), AttributeValue).optional();
const capacity = z.enum(['INDEXES', 'TOTAL', 'NONE']).optional();
const returnValues = z
  .enum(['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'])
  .optional();
const TableName = z.string();

const GetItem = z.strictObject({
  TableName,
  Key: Item,
  ConsistentRead: z.boolean().optional(),
  ProjectionExpression: z.string().optional(),
  ExpressionAttributeNames: names,
  ReturnConsumedCapacity: capacity,
});

const conditional = {
  TableName,
  ConditionExpression: z.string().optional(),
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnValues: returnValues,
  ReturnConsumedCapacity: capacity,
};

const PutItem = z.strictObject({ ...conditional, Item });
const DeleteItem = z.strictObject({ ...conditional, Key: Item });
const UpdateItem = z.strictObject({
  ...conditional,
  Key: Item,
  UpdateExpression: z.string().optional(),
});

const read = {
  TableName,
  IndexName: z.string().optional(),
  Select: z.string().optional(),
  Limit: z.number().optional(),
  ConsistentRead: z.boolean().optional(),
  ExclusiveStartKey: Item.optional(),
  FilterExpression: z.string().optional(),
  ProjectionExpression: z.string().optional(),
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnConsumedCapacity: capacity,
};

const Query = z.strictObject({
  ...read,
  KeyConditionExpression: z.string(),
  ScanIndexForward: z.boolean().optional(),
});

const Scan = z.strictObject({
  ...read,
  Segment: z.number().optional(),
  TotalSegments: z.number().optional(),
});

const BatchGetItem = z.strictObject({
  RequestItems: z.record(
    z.string(),
    z.strictObject({
      Keys: z.array(Item),
      ConsistentRead: z.boolean().optional(),
      ProjectionExpression: z.string().optional(),
      ExpressionAttributeNames: names,
    }),
  ),
  ReturnConsumedCapacity: capacity,
});

const BatchWriteItem = z.strictObject({
  RequestItems: z.record(
    z.string(),
    z.array(
      z.strictObject({
        PutRequest: z.strictObject({ Item }).optional(),
        DeleteRequest: z.strictObject({ Key: Item }).optional(),
      }),
    ),
  ),
  ReturnConsumedCapacity: capacity,
});

const DescribeTable = z.strictObject({ TableName });

const ListTables = z.strictObject({
  ExclusiveStartTableName: z.string().optional(),
  Limit: z.number().optional(),
});

const schemas = {
  GetItem,
  PutItem,
  UpdateItem,
  DeleteItem,
  Query,
  Scan,
  BatchGetItem,
  BatchWriteItem,
  DescribeTable,
  ListTables,
};

type Schemas = typeof schemas;

/** One operation with its input, as far as the embedded cloud supports it. */
export type Operation = {
  [Name in keyof Schemas]: { readonly name: Name; readonly input: z.output<Schemas[Name]> };
}[keyof Schemas];

/**
 * Reads an operation.
 *
 * The parameters of before expressions (`Expected`, `AttributesToGet`, ...), transactions, PartiQL and changes of
 * tables are refused by name.
 *
 * @throws ApiError UnsupportedOperation, SerializationException or ValidationException.
 */
export function readOperation(name: string, body: string): Operation {
  if (!(name in schemas)) throw unsupported('DynamoDB', name);
  const known = name as keyof Schemas;
  const call = { service: 'DynamoDB', operation: name };
  return { name: known, input: readInput(call, schemas[known], parseBody(body)) } as Operation;
}
