import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Assignment } from '../../../ingest/model/sensor-items.ts';
import {
  assign,
  AssignmentRefusedError,
  listAssignments,
  unassign,
} from '../../../ledger/sensors/assignments.ts';
import type { Table } from '../../../ledger/table.ts';
import { deviceId, startSensorTables, subject, type TestSensorTables } from './sensor-tables.ts';

let tables: TestSensorTables;
let table: Table;
let next = 0;

beforeAll(async () => {
  tables = await startSensorTables();
  table = tables.assignments;
});
afterAll(() => tables.stop());

const at = (hour: number) => new Date(Date.UTC(2026, 10, 23, hour));
const iso = (hour: number) => at(hour).toISOString();
const give = (device: string, number: number, hour: number) =>
  assign(table, { device, subject: subject(number), from: at(hour) });

/** The assignments as subject's number, from and to in hours of the day. */
async function hours(device: string) {
  const number = new Map(Array.from({ length: 20 }, (_, index) => [subject(index), index]));
  const hour = (time: string | undefined) => time && new Date(time).getUTCHours();
  const found = await listAssignments(table, device);
  return found.map((assignment) => [
    number.get(assignment.subject),
    hour(assignment.from),
    hour(assignment.to),
  ]);
}

/** The table, for somebody whose writes after the first `writes` wait for what is told. */
function slowed(writes: number, wait: () => Promise<unknown>): Table {
  let left = writes;
  const client = Object.create(table.client) as typeof table.client;
  client.send = (async (command: unknown) => {
    if (command instanceof UpdateItemCommand && (left -= 1) < 0) await wait();
    return table.client.send(command as never);
  }) as typeof client.send;
  return { ...table, client };
}

/** The one whom a device is of at a moment. */
const holders = (assignments: readonly Assignment[], moment: string) =>
  assignments.filter(({ from, to }) => from <= moment && (to === undefined || moment < to));

describe('a device', () => {
  it('is assigned from a moment on, to whom it was before no longer', async () => {
    const device = deviceId((next += 1));

    const first = await give(device, 1, 8);
    const second = await give(device, 2, 10);

    const before = { device, subject: subject(1), from: iso(8) };
    expect(first).toEqual({ assignment: before, ended: undefined });
    expect(second).toEqual({
      assignment: { device, subject: subject(2), from: iso(10) },
      ended: { ...before, to: iso(10) },
    });
    expect(await listAssignments(table, device)).toEqual([second.ended, second.assignment]);
  });

  it('that is unassigned is nobody’s until it is assigned again', async () => {
    const device = deviceId((next += 1));
    await give(device, 1, 8);

    const ended = await unassign(table, { device, at: at(9) });
    const again = await unassign(table, { device, at: at(9) });
    await give(device, 1, 11);

    expect(ended).toEqual({ device, subject: subject(1), from: iso(8), to: iso(9) });
    expect(again).toEqual(ended);
    expect(await hours(device)).toEqual([
      [1, 8, 9],
      [1, 11, undefined],
    ]);
  });

  it('that is the subject’s already stays as it is', async () => {
    const device = deviceId((next += 1));
    const first = await give(device, 1, 8);

    expect(await give(device, 1, 8)).toEqual(first);
    expect(await give(device, 1, 9)).toEqual(first);
    expect(await hours(device)).toEqual([[1, 8, undefined]]);
  });

  it.each([
    ['before one that goes on', 10],
    ['with the beginning of one that goes on', 11],
    ['within one that has ended', 8],
    ['with the beginning of one that has ended', 7],
    ['before one that has ended', 6],
  ])('is not assigned to another %s', async (_, hour) => {
    const device = deviceId((next += 1));
    await give(device, 1, 7);
    await unassign(table, { device, at: at(9) });
    await give(device, 2, 11);
    const before = await hours(device);

    const refused = give(device, 3, hour);

    await expect(refused).rejects.toThrow(AssignmentRefusedError);
    await expect(refused).rejects.toThrow(
      /^the device is assigned at that time already: from 2026/,
    );
    await expect(refused).rejects.not.toThrow(subject(1));
    expect(await hours(device)).toEqual(before);
  });

  it('is not unassigned where it is nobody’s, or before its assignment begins', async () => {
    const device = deviceId((next += 1));

    await expect(unassign(table, { device, at: at(9) })).rejects.toThrow('assigned to nobody');
    await give(device, 1, 10);
    await expect(unassign(table, { device, at: at(9) })).rejects.toThrow('begins later');
  });

  it('that was given to the wrong one is taken back, and given from the same moment on', async () => {
    const device = deviceId((next += 1));
    await give(device, 1, 6);
    await give(device, 2, 8);

    await unassign(table, { device, at: at(8) });
    const takenBack = holders(await listAssignments(table, device), iso(9));
    await give(device, 3, 8);

    expect(takenBack).toEqual([]);
    expect(await hours(device)).toEqual([
      [1, 6, 8],
      [3, 8, undefined],
    ]);
  });

  it('has its assignments by their beginnings, however they came there', async () => {
    const device = deviceId((next += 1));
    for (const [number, hour] of [
      [2, 12],
      [1, 8],
    ] as const) {
      const Item = marshall({ device, item: `FROM#${iso(hour)}`, subject: subject(number) });
      await table.client.send(new PutItemCommand({ TableName: table.name, Item }));
    }

    expect(await hours(device)).toEqual([
      [1, 8, undefined],
      [2, 12, undefined],
    ]);
  });

  it('is one subject’s at any moment, however many assign it at once', async () => {
    const device = deviceId((next += 1));
    const numbers = Array.from({ length: 8 }, (_, index) => index + 1);

    const outcomes = await Promise.allSettled(
      numbers.map((number) => give(device, number, (number * 5) % 8)),
    );

    const assignments = await listAssignments(table, device);
    const done = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(assignments).toHaveLength(done.length);
    expect(done.length).toBeGreaterThan(0);
    for (let hour = 0; hour < 9; hour += 1) {
      expect(holders(assignments, iso(hour)).length).toBeLessThan(2);
    }
    expect(holders(assignments, iso(8))).toHaveLength(1);
  });
});

describe('a hand-over that is cut off', () => {
  it.each([0, 1, 2, 3])(
    'after %i writes has happened as a whole, or not at all, and can be repeated',
    async (writes) => {
      const device = deviceId((next += 1));
      await give(device, 1, 8);
      const hand = { device, subject: subject(2), from: at(10) };

      const cut = slowed(writes, () => Promise.reject(new Error('the cable is out')));
      await expect(assign(cut, hand)).rejects.toThrow('the cable is out');
      const after = await hours(device);
      await assign(table, hand);

      const handed = [
        [1, 8, 10],
        [2, 10, undefined],
      ];
      // The first of them writes out the change before; the second decides.
      expect(after).toEqual(writes < 2 ? [[1, 8, undefined]] : handed);
      expect(await hours(device)).toEqual(handed);
    },
  );

  it('undoes nothing where its writer wakes later', async () => {
    const device = deviceId((next += 1));
    await give(device, 1, 8);
    const frozen = Promise.withResolvers<undefined>();
    const woken = Promise.withResolvers<undefined>();
    const sleeper = slowed(2, () => {
      frozen.resolve(undefined);
      return woken.promise;
    });
    const late = assign(sleeper, { device, subject: subject(2), from: at(10) });
    await frozen.promise;

    await unassign(table, { device, at: at(10) });
    await give(device, 3, 10);
    await give(device, 4, 12);
    woken.resolve(undefined);
    await late;

    expect(await hours(device)).toEqual([
      [1, 8, 10],
      [3, 10, 12],
      [4, 12, undefined],
    ]);
  });
});
