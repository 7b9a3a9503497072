import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBatch, listBatches } from '../../ledger/batches.ts';
import { getObject } from '../../ledger/objects.ts';
import { ObjectCreatedEvent, registerObject } from '../../tasks/register-object/register-object.ts';
import { inputKey, manifestKey } from '../../workflow/model/keys.ts';
import { batchId, objectId } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { monday } from './runs.ts';

let table: TestLedger;
let next = 0;

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());

/** An event as EventBridge sends it, with the fields that are not read. */
const event = (key: string, size = 42) => ({
  version: '0',
  id: 'id',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-03-02T08:00:00Z',
  region: 'us-east-1',
  resources: ['arn:aws:s3:::input'],
  detail: {
    version: '0',
    bucket: { name: 'input' },
    object: { key, size, etag: 'x', sequencer: '0' },
    'request-id': 'r',
    requester: '111122223333',
    reason: 'PutObject',
  },
});

const arrive = (key: string, size?: number) =>
  registerObject(ObjectCreatedEvent.parse(event(key, size)), {
    table,
    study: 'czarhipaa',
    now: () => monday,
  });

const newPlace = () => ({ study: 'czarhipaa', batchId: batchId((next += 1)) });

describe('Register Object', () => {
  it('enters an object and its batch', async () => {
    const place = newPlace();

    const answer = await arrive(inputKey(place, objectId(1)), 77);

    expect(answer).toEqual({ outcome: 'REGISTERED', batchId: place.batchId });
    expect(await getBatch(table, place.batchId)).toMatchObject({ state: 'UPLOADING' });
    expect(await getObject(table, { ...place, objectId: objectId(1) })).toMatchObject({
      state: 'REGISTERED',
      sizeBytes: 77,
    });
  });

  it('seals the batch by the manifest, in whatever order events come, and however often', async () => {
    const place = newPlace();

    await arrive(manifestKey(place));
    await arrive(inputKey(place, objectId(1)), 77);
    const repeated = await arrive(manifestKey(place));
    await arrive(inputKey(place, objectId(1)), 78);

    expect(repeated).toEqual({ outcome: 'SEALED', batchId: place.batchId });
    expect((await getBatch(table, place.batchId))?.state).toBe('SEALED');
    expect((await getObject(table, { ...place, objectId: objectId(1) }))?.sizeBytes).toBe(77);
  });

  it.each([
    ['a key with a name in it', 'in/v1/czarhipaa/Jane Doe 1970.csv', 'FOREIGN_KEY'],
    ['a key of another place', 'tmp/x', 'FOREIGN_KEY'],
    [
      'an object id with a wrong letter',
      `in/v1/czarhipaa/${batchId(1)}/${objectId(1).slice(1)}b`,
      'FOREIGN_KEY',
    ],
    [
      'a batch id of another length',
      `in/v1/czarhipaa/${objectId(1)}/${objectId(1)}`,
      'FOREIGN_KEY',
    ],
    [
      'a key of another study',
      inputKey({ study: 'other', batchId: batchId(1) }, objectId(1)),
      'FOREIGN_STUDY',
    ],
  ])('tells %s by a code, enters nothing and does not fail', async (_, key, outcome) => {
    const before = await Array.fromAsync(listBatches(table));

    const answer = await arrive(key);

    expect(answer).toEqual({ outcome });
    expect(await Array.fromAsync(listBatches(table))).toEqual(before);
  });
});
