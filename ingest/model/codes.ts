import * as z from 'zod';
import { isCode } from '../../workflow/model/code.ts';

const code = (what: string, length: number) =>
  z.string().refine((text) => text.length === length && isCode(text), {
    error: `${what} must be a minted code of ${length} letters`,
  });

/** 9 letters, 34 random bits. */
export const deviceIdLength = 9;
/** 9 letters, 34 random bits: a device that starts once an hour meets one of its own in 10^5 years. */
export const bootIdLength = 9;
/** 7 letters, 25 random bits: subjects of one study. */
export const subjectCodeLength = 7;

/** The opaque id of a device: its thing's name in AWS IoT, the id of its connection, part of its topic. */
export const DeviceId = code('device id', deviceIdLength);
export type DeviceId = z.infer<typeof DeviceId>;

/** Minted by a device each time it starts; sequence numbers count from 0 within it. */
export const BootId = code('boot id', bootIdLength);
export type BootId = z.infer<typeof BootId>;

/** Stands for a person in all of a study. Never in a message: only the assignments table has it. */
export const SubjectCode = code('subject code', subjectCodeLength);
export type SubjectCode = z.infer<typeof SubjectCode>;
