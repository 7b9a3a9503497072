import * as z from 'zod';
import type { Call, Surroundings } from '../../api.ts';
import { readInput } from '../../read-input.ts';
import { bridgeEvent, type BridgeEvent } from './bridge-event.ts';

const PutEventsInput = z.strictObject({
  Entries: z
    .array(
      z.strictObject({
        Detail: z.string().optional(),
        DetailType: z.string().optional(),
        EventBusName: z.string().optional(),
        Resources: z.array(z.string()).optional(),
        Source: z.string().optional(),
        Time: z.number().optional(),
      }),
    )
    .min(1)
    .max(10),
});

type Entry = z.output<typeof PutEventsInput>['Entries'][number];

/** What became of one entry. */
type Result =
  { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** PutEvents: an entry that is refused does not hold up the others. */
export function putEvents(
  body: unknown,
  call: Call,
  surroundings: Surroundings,
  accept: (event: BridgeEvent) => void,
): object {
  const { partition, region, accountId } = surroundings;
  const { Entries } = readInput(
    { service: 'EventBridge', operation: 'PutEvents' },
    PutEventsInput,
    body,
  );
  const busArn = `arn:${partition}:events:${region}:${accountId}:event-bus/default`;
  call.record({ eventName: 'PutEvents', readOnly: false });
  for (const { Source, DetailType } of Entries) {
    call.authorize({
      action: 'events:PutEvents',
      resource: busArn,
      context: { 'events:source': Source, 'events:detail-type': DetailType },
    });
  }
  const results = Entries.map((entry): Result => {
    const refusal = refusalOf(entry, busArn);
    if (refusal !== undefined) return refusal;
    const event = bridgeEvent(
      {
        source: entry.Source ?? '',
        detailType: entry.DetailType ?? '',
        resources: entry.Resources ?? [],
        detail: parseObject(entry.Detail) ?? {},
        ...(entry.Time === undefined ? {} : { time: new Date(entry.Time * 1000) }),
      },
      surroundings,
    );
    accept(event);
    return { EventId: event.id };
  });
  const failed = results.filter((result) => 'ErrorCode' in result);
  return { FailedEntryCount: failed.length, Entries: results };
}

function refusalOf(entry: Entry, busArn: string): Result | undefined {
  const refuse = (ErrorCode: string, ErrorMessage: string): Result => ({ ErrorCode, ErrorMessage });
  if (![undefined, 'default', busArn].includes(entry.EventBusName))
    return refuse('ResourceNotFoundException', 'Event bus does not exist.');
  for (const field of ['Source', 'DetailType', 'Detail'] as const) {
    if ((entry[field] ?? '') === '')
      return refuse('InvalidArgument', `Parameter ${field} is not valid. Reason: is required.`);
  }
  if (/^aws\./i.test(entry.Source ?? ''))
    return refuse('NotAuthorizedForSourceException', 'Not authorized for the source.');
  if (parseObject(entry.Detail) === undefined)
    return refuse('MalformedDetail', 'Detail is malformed.');
  return undefined;
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
