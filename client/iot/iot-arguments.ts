import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import {
  DeviceId,
  deviceIdLength,
  SubjectCode,
  subjectCodeLength,
} from '../../ingest/model/codes.ts';
import { Day } from '../../ingest/model/sensor-object.ts';

/** Makes a reader of a command line's argument from a schema, and the rule that it stands for. */
function reader<Read>(schema: z.ZodType<Read>, rule: string): (text: string) => Read {
  return (text) => {
    const read = schema.safeParse(text);
    if (read.success) return read.data;
    throw new InvalidArgumentError(rule);
  };
}

/** Reads a device's id. */
export const deviceId = reader(
  DeviceId,
  `It must be an id that czar iot register minted: ${deviceIdLength} letters, of which the last checks the others.`,
);

/** Reads a subject's code. */
export const subjectCode = reader(
  SubjectCode,
  `It must be a code that czar iot mint-subjects minted: ${subjectCodeLength} letters, of which the last checks the others.`,
);

/** Reads a day of UTC. */
export const day = reader(Day, 'It must be a day like 2026-11-23.');

/** Reads a moment: without its offset from UTC, nobody could say which one it is. */
export const moment = reader(
  z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  'It must be a time like 2026-11-23T08:00:00Z, or with its offset like 2026-11-23T09:00:00+01:00.',
);
