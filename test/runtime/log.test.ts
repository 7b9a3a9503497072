import { describe, expect, it } from 'vitest';
import { createLog } from '../../runtime/log.ts';
import { now } from '../worker/fake-cloud.ts';

describe('the log', () => {
  it('writes one line of JSON for a message, with its ids and counts', () => {
    const lines: string[] = [];

    createLog(
      (line) => lines.push(line),
      () => now,
    )('object failed', {
      objectId: 'mnpqrstvwxzbcdfghjkmg',
      reason: 'CORRUPT',
      receiveCount: 2,
    });

    expect(lines).toEqual([
      '{"time":"2026-05-04T10:00:00.000Z","message":"object failed",' +
        '"objectId":"mnpqrstvwxzbcdfghjkmg","reason":"CORRUPT","receiveCount":2}\n',
    ]);
  });

  it.each(['Jane Canary', '/scratch/visits.csv', '1970-01-01 Jane', '', 'x'.repeat(81)])(
    'withholds a field that is no id or code: %s',
    (value) => {
      const lines: string[] = [];

      createLog(
        (line) => lines.push(line),
        () => now,
      )('command failed', { code: value });

      expect(lines.join()).toContain('"code":"withheld"');
    },
  );
});
