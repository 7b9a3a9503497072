import { mostCommittedDays, mostCommittedMessages } from './commit-record.ts';
import type { Incoming, Unreadable } from './read-message.ts';

/** What is received of a chunk in one commit. */
export interface Portion {
  /** By the time they were received. */
  readonly messages: readonly Incoming[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * Cuts a chunk into what one commit can hold: by the number of messages, and of days.
 *
 * Almost always it is one. Messages of many days come of devices that were away for long, or whose
 * clocks are broken: they are taken day by day then.
 */
export function portionsOf(read: readonly (Incoming | Unreadable)[]): Portion[] {
  const messages = read.filter((one) => one.kind === 'message');
  messages.sort((left, right) => left.receivedAt - right.receivedAt);
  if (new Set(messages.map(({ day }) => day)).size > mostCommittedDays) {
    messages.sort((left, right) => (left.day < right.day ? -1 : left.day > right.day ? 1 : 0));
  }
  const portions: { messages: Incoming[]; unreadable: Unreadable[] }[] = [];
  let last = { messages: [] as Incoming[], unreadable: [] as Unreadable[] };
  let days = new Set<string>();
  for (const one of [...messages, ...read.filter(({ kind }) => kind === 'unreadable')]) {
    const size = last.messages.length + last.unreadable.length;
    const isNewDay = one.kind === 'message' && !days.has(one.day);
    const isFull = size === mostCommittedMessages || (isNewDay && days.size === mostCommittedDays);
    if (size === 0 || isFull) {
      last = { messages: [], unreadable: [] };
      days = new Set();
      portions.push(last);
    }
    if (one.kind === 'message') {
      last.messages.push(one);
      days.add(one.day);
    } else last.unreadable.push(one);
  }
  return portions;
}
