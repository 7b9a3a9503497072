import { setImmediate } from 'node:timers/promises';
import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TroubleFields } from '../../../ingest/model/ingest-run.ts';
import { Trouble } from '../../../ingest/model/sensor-items.ts';
import { readTold, reserveTelling } from '../../../ledger/sensors/troubles.ts';
import { notifyTrouble } from '../../../tasks/notify-trouble/notify-trouble.ts';
import { executionHash } from '../../../workflow/model/names.ts';
import { startSensorTables, type TestSensorTables } from '../../ledger/sensors/sensor-tables.ts';
import { awsError } from '../aws-error.ts';
import { ingestMachineArn, ingestRun, minutesLater } from './ingest-runs.ts';

const ses = mockClient(SESv2Client);
const sns = mockClient(SNSClient);
let tables: TestSensorTables;
let now: Date;

beforeEach(async () => {
  tables = await startSensorTables();
  now = minutesLater(0);
  ses.reset();
  sns.reset();
  ses.on(SendEmailCommand).resolves({ MessageId: 'ses-1' });
  sns.on(PublishCommand).resolves({});
});
afterEach(() => tables.stop());

/** Tells these troubles in the n-th run, so many minutes after the first. */
async function tell(
  number: number,
  codes: readonly Trouble[],
  { minutes, silentAt }: { minutes?: number; silentAt?: number } = {},
): Promise<boolean> {
  if (minutes !== undefined) now = minutesLater(minutes);
  const { sent } = await notifyTrouble(
    {
      executionArn: ingestRun(number).executionArn,
      troubles: codes.map((code) => ({ code, count: 2 })),
      newestSilenceAt: silentAt === undefined ? null : minutesLater(silentAt).toISOString(),
    },
    {
      ses: new SESv2Client({}),
      sns: new SNSClient({}),
      table: tables.sensors,
      study: 'czarhipaa',
      topicArn: 'topic',
      mail: { template: 'mail', from: 'from@example.org', to: 'to@example.org' },
      now: () => now,
      sleep: async (seconds) => {
        now = new Date(now.getTime() + seconds * 1000);
        await setImmediate();
      },
    },
  );
  return sent;
}

function mail() {
  const { Content } = ses.commandCalls(SendEmailCommand)[0]!.args[0].input;
  return JSON.parse(Content?.Template?.TemplateData ?? '') as { subject: string; text: string };
}

const published = () =>
  TroubleFields.parse(JSON.parse(sns.commandCalls(PublishCommand)[0]!.args[0].input.Message ?? ''));

const day = 24 * 60;

describe('Notify Trouble', () => {
  it('sends one mail that says what to do, and the same facts to the topic', async () => {
    expect(await tell(1, ['DEVICE_SILENT', 'CONFLICT'])).toBe(true);

    expect(mail().subject).toContain('czarhipaa: sensor ingest needs a look: DEVICE_SILENT');
    expect(mail().text).toContain('DEVICE_SILENT (2): devices in service send nothing.');
    expect(mail().text).toContain('docs/operate.md');
    expect(published()).toEqual({
      kind: 'trouble',
      study: 'czarhipaa',
      run: executionHash(ingestRun(1).executionArn),
      troubles: [
        { code: 'DEVICE_SILENT', count: 2 },
        { code: 'CONFLICT', count: 2 },
      ],
    });
  });

  it('tells the same again only after a day', async () => {
    const sent = [
      await tell(1, ['DEVICE_SILENT'], { minutes: 0 }),
      await tell(2, ['DEVICE_SILENT'], { minutes: 5 }),
      await tell(3, ['DEVICE_SILENT'], { minutes: day - 1 }),
      await tell(4, ['DEVICE_SILENT'], { minutes: day }),
      await tell(5, ['DEVICE_SILENT'], { minutes: day + 5 }),
    ];

    expect(sent).toEqual([true, false, false, true, false]);
  });

  it('tells at once what is added, and no mail that something is over', async () => {
    const sent = [
      await tell(1, ['DEVICE_SILENT'], { minutes: 0 }),
      await tell(2, ['DEVICE_SILENT', 'QUEUE_AGING'], { minutes: 5 }),
      await tell(3, ['DEVICE_SILENT'], { minutes: 10 }),
      await tell(4, ['QUEUE_AGING'], { minutes: 15 }),
    ];

    expect(sent).toEqual([true, true, false, false]);
  });

  it('tells at once that another device fell silent', async () => {
    const sent = [
      await tell(1, ['DEVICE_SILENT'], { minutes: 0, silentAt: -1 }),
      await tell(2, ['DEVICE_SILENT'], { minutes: 5, silentAt: -1 }),
      await tell(3, ['DEVICE_SILENT'], { minutes: 10, silentAt: 9 }),
      await tell(4, ['DEVICE_SILENT'], { minutes: 15, silentAt: 9 }),
    ];

    expect(sent).toEqual([true, false, true, false]);
  });

  it('sends the mail of a run once, also where a silence was found in it', async () => {
    await tell(1, ['DEVICE_SILENT'], { silentAt: 1 });

    expect(await tell(1, ['DEVICE_SILENT'], { silentAt: 1 })).toBe(false);
    expect(ses).toHaveReceivedCommandTimes(SendEmailCommand, 1);
    expect(sns).toHaveReceivedCommandTimes(PublishCommand, 1);
  });

  it('sends one mail of two calls at once: the second waits for the first', async () => {
    const sent = await Promise.all([tell(1, ['CONFLICT']), tell(1, ['CONFLICT'])]);

    expect(sent.toSorted()).toEqual([false, true]);
    expect(ses).toHaveReceivedCommandTimes(SendEmailCommand, 1);
  });

  it('sends again what was lost between, without waiting for anybody', async () => {
    ses
      .on(SendEmailCommand)
      .rejectsOnce(awsError('TooManyRequestsException'))
      .resolves({ MessageId: 'ses-1' });
    await expect(tell(1, ['CONFLICT'])).rejects.toThrow();
    const told = await readTold(tables.sensors);

    expect(await tell(2, ['CONFLICT'])).toBe(true);
    expect(told).toEqual({});
    expect(now).toEqual(minutesLater(0));
  });

  it('sends a mail whose sender died, once the time of that one is over', async () => {
    await reserveTelling(tables.sensors, {}, 30, now);

    expect(await tell(1, ['CONFLICT'])).toBe(true);
    expect(now).toEqual(minutesLater(0.5));
  });

  it.each(Trouble.options)('writes of %s in plain words', async (code) => {
    await tell(1, [code]);

    const { subject, text } = mail();
    expect(text).toContain(`${code} (2): `);
    expect(subject + text).not.toMatch(/[<>&"'`=]/);
  });

  it('repeats nothing that a person typed', async () => {
    const executionArn = `${ingestMachineArn.replace('stateMachine', 'execution')}:CANARY-Jane-Doe`;
    await notifyTrouble(
      { executionArn, troubles: [{ code: 'CONFLICT', count: 1 }], newestSilenceAt: null },
      {
        ses: new SESv2Client({}),
        sns: new SNSClient({}),
        table: tables.sensors,
        study: 'czarhipaa',
        topicArn: 'topic',
        mail: { template: 'mail', from: 'from@example.org', to: 'to@example.org' },
        now: () => now,
        sleep: () => Promise.resolve(),
      },
    );

    expect(JSON.stringify([mail(), published(), await readTold(tables.sensors)])).not.toMatch(
      /CANARY|Jane/,
    );
  });
});
