import type { AsideReason } from '../model/sensor-object.ts';
import { type CommittedBoot, type CommittedDevice, packMessages } from './commit-record.ts';
import type { Incoming, Unreadable } from './read-message.ts';
import { timesOf } from './sensor-time.ts';
import { keptAsideOf, type Verdict } from './sort-out.ts';

/**
 * Says what a commit changes for each device.
 *
 * What came again from the queue, and not from the device, is the poller's matter and not counted here;
 * neither is the second receipt of a message that cannot be read.
 */
export function tallyDevices(
  verdicts: readonly Verdict[],
  unreadable: readonly Unreadable[],
): CommittedDevice[] {
  const byDevice = Map.groupBy(verdicts, ({ incoming }) => incoming.device);
  const rejected = Map.groupBy(
    unreadable.filter(({ device, receipt }) => device !== undefined && receipt.receiveCount === 1),
    ({ device }) => device,
  );
  const devices = new Set([...byDevice.keys(), ...rejected.keys()]);
  return [...devices]
    .filter((device) => device !== undefined)
    .map((device) =>
      tallyDevice(device, byDevice.get(device) ?? [], rejected.get(device)?.length ?? 0),
    )
    .filter((tally) => tally.received + tally.duplicates + tally.rejected > 0);
}

function tallyDevice(
  device: string,
  verdicts: readonly Verdict[],
  rejected: number,
): CommittedDevice {
  const fresh = verdicts.filter((verdict) => verdict.kind === 'new');
  const again = verdicts.filter(
    ({ kind, incoming }) => kind === 'duplicate' && incoming.receipt.receiveCount === 1,
  );
  const aside: Partial<Record<AsideReason, number>> = {};
  for (const { records } of fresh) {
    for (const reason of new Set(records.flatMap((record) => record.aside ?? []))) {
      aside[reason] = (aside[reason] ?? 0) + 1;
    }
  }
  const counted = fresh.filter(({ counts }) => counts).map(({ incoming }) => incoming);
  const kept = fresh.filter(({ counts }) => !counts).map(({ incoming }) => keptAsideOf(incoming));
  return {
    device,
    received: fresh.length,
    duplicates: again.length,
    rejected,
    aside,
    last: lastOf(verdicts.map(({ incoming }) => incoming)),
    boots: [...Map.groupBy(counted, ({ message }) => message.boot)].map(([boot, messages]) =>
      tallyBoot(boot, messages),
    ),
    kept: kept.map(({ boot, seq, digest }) => [boot, seq, digest]),
  };
}

function lastOf(all: readonly Incoming[]): CommittedDevice['last'] {
  // What is in a message of another device tells nothing of this one's clock.
  const own = all.filter(({ device, message }) => message.device === device);
  if (own.length === 0) return undefined;
  const last = own.reduce((left, right) => (right.receivedAt >= left.receivedAt ? right : left));
  const { message, receivedAt, correctionMs } = last;
  const times = [...timesOf(message)].map((at) => Date.parse(at));
  const oldest = times.length === 0 ? Date.parse(message.sentAt) : Math.min(...times);
  return {
    receivedAt,
    lagMs: receivedAt - (oldest + correctionMs),
    skewMs: receivedAt - Date.parse(message.sentAt),
  };
}

function tallyBoot(boot: string, messages: readonly Incoming[]): CommittedBoot {
  const told = messages.filter(({ message }) => message.previous !== undefined);
  const previous = told
    .map(({ message }) => message.previous)
    .reduce(
      (left, right) => ((right?.messages ?? 0) > (left?.messages ?? 0) ? right : left),
      told[0]?.message.previous,
    );
  return {
    boot,
    messages: packMessages(
      messages.map(({ message, digest, moment }) => ({
        seq: message.seq,
        digest,
        seconds: inSeconds(moment),
      })),
    ),
    ...(previous !== undefined && {
      previous,
      previousToldAt: Math.min(...told.map(({ moment }) => inSeconds(moment))),
    }),
  };
}

const inSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
