import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { EventContent } from '../../../local/services/events/bridge-event.ts';
import type { RegisterObjectOutput } from '../../../tasks/register-object/register-object.ts';
import type { StudyCloud } from './study-cloud.ts';

type Registration = RegisterObjectOutput['outcome'];

/** What the input bucket tells EventBridge, held back for a test to deliver as AWS might. */
export interface Notifications {
  /** The bucket's own notification of an object. */
  of(key: string): EventContent;
  deliver(...events: readonly EventContent[]): void;
  /** How every delivery that was handled ended, in no order. */
  outcomes(): Promise<readonly Registration[]>;
}

/** Holds back what buckets tell EventBridge. Events of others pass. */
export function holdNotifications({ cloud }: StudyCloud): Notifications {
  const { events } = cloud.services;
  const pass = events.put.bind(events);
  const held = new Map<string, EventContent>();
  vi.spyOn(events, 'put').mockImplementation((event) => {
    if (event.source === 'aws.s3') held.set(keyOf(event), event);
    else pass(event);
  });
  return {
    of(key) {
      const event = held.get(key);
      if (event === undefined) throw new Error('the bucket has told of no such object');
      return event;
    },
    deliver: (...told) => told.forEach(pass),
    outcomes: () => readOutcomes(cloud.logsDirectory),
  };
}

/** A notification with another key, or another order: what orders the events of one key. */
export function altered(event: EventContent, object: Record<string, unknown>): EventContent {
  const { object: own, ...detail } = event.detail;
  return { ...event, detail: { ...detail, object: { ...(own as object), ...object } } };
}

const keyOf = ({ detail }: EventContent): string => (detail.object as { key: string }).key;

async function readOutcomes(directory: string): Promise<Registration[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    entries
      .filter((entry) => entry.isFile() && entry.parentPath.includes('RegisterObject'))
      .map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')),
  );
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line.includes('"outcome"'))
      .map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as RegisterObjectOutput).outcome),
  );
}
