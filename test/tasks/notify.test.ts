import { setImmediate } from 'node:timers/promises';
import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import 'aws-sdk-client-mock-vitest/extend';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reserveMail, wasMailSent } from '../../ledger/mails.ts';
import { notify, type NotifyInput } from '../../tasks/notify/notify.ts';
import type { Run } from '../../workflow/model/batch-plan.ts';
import { MailFields, MailKind } from '../../workflow/model/mail.ts';
import { executionHash } from '../../workflow/model/names.ts';
import { batchId } from '../ledger/codes.ts';
import { startLedger, type TestLedger } from '../ledger/ledger-table.ts';
import { awsError } from './aws-error.ts';
import { monday } from './runs.ts';

const ses = mockClient(SESv2Client);
const sns = mockClient(SNSClient);
let table: TestLedger;
let next = 0;
let run: Run;
let now: Date;

beforeAll(async () => {
  table = await startLedger();
});
afterAll(() => table.stop());
beforeEach(() => {
  now = monday;
  ses.reset();
  sns.reset();
  ses.on(SendEmailCommand).resolves({ MessageId: 'ses-1' });
  sns.on(PublishCommand).resolves({});
  run = {
    batchId: batchId((next += 1)),
    executionArn: 'arn:aws:states:us-east-1:111122223333:execution:m:CANARY-Jane-Doe',
    redrive: 0,
  };
});

const send = (input: Omit<NotifyInput, keyof Run>) =>
  notify(
    { ...run, ...input },
    {
      ses: new SESv2Client({}),
      sns: new SNSClient({}),
      table,
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

function mail() {
  const { FromEmailAddress, Destination, Content } =
    ses.commandCalls(SendEmailCommand)[0]!.args[0].input;
  const text = JSON.parse(Content?.Template?.TemplateData ?? '') as {
    subject: string;
    text: string;
  };
  return { FromEmailAddress, Destination, template: Content?.Template?.TemplateName, ...text };
}

const published = () =>
  MailFields.parse(JSON.parse(sns.commandCalls(PublishCommand)[0]!.args[0].input.Message ?? ''));

describe('Notify', () => {
  it('sends one mail by the template, and the same facts to the topic', async () => {
    const answer = await send({ kind: 'working', objects: 12, workers: 1 });

    expect(answer).toEqual({ sent: true });
    expect(mail()).toMatchObject({
      FromEmailAddress: 'from@example.org',
      Destination: { ToAddresses: ['to@example.org'] },
      template: 'mail',
      subject: `czarhipaa: batch ${run.batchId} working with PHI`,
      text: expect.stringContaining('1 machine will now start') as string,
    });
    expect(mail().text).toContain('12 objects');
    expect(published()).toEqual({
      kind: 'working',
      study: 'czarhipaa',
      batchId: run.batchId,
      execution: executionHash(run.executionArn),
      objects: 12,
      workers: 1,
    });
  });

  it('sends one mail of two calls at once: the second waits for the first', async () => {
    const answers = await Promise.all([send({ kind: 'working' }), send({ kind: 'working' })]);

    expect(answers.map(({ sent }) => sent).toSorted()).toEqual([false, true]);
    expect(ses).toHaveReceivedCommandTimes(SendEmailCommand, 1);
  });

  it('sends a mail whose sender died, once the time of that one is over', async () => {
    await reserveMail(table, { ...run, kind: 'done' }, 30, monday);

    const answer = await send({ kind: 'done' });

    expect(answer).toEqual({ sent: true });
    expect(now.getTime() - monday.getTime()).toBe(30_000);
  });

  it('waits for nobody after a mail that could not be sent', async () => {
    ses
      .on(SendEmailCommand)
      .rejectsOnce(awsError('TooManyRequestsException'))
      .resolves({ MessageId: 'ses-1' });
    await expect(send({ kind: 'done' })).rejects.toThrow();

    const answer = await send({ kind: 'done' });

    expect(answer).toEqual({ sent: true });
    expect(now).toBe(monday);
  });

  it('sends each mail of a run once', async () => {
    await send({ kind: 'done', done: 11, failed: 1, objects: 12 });

    const second = await send({ kind: 'done', done: 11, failed: 1, objects: 12 });

    expect(second).toEqual({ sent: false });
    expect(ses).toHaveReceivedCommandTimes(SendEmailCommand, 1);
    expect(sns).toHaveReceivedCommandTimes(PublishCommand, 1);
  });

  it('remembers no mail that could not be sent', async () => {
    ses.on(SendEmailCommand).rejects(awsError('MessageRejected'));

    await expect(send({ kind: 'done' })).rejects.toMatchObject({ name: 'MessageRejected' });

    expect(await wasMailSent(table, { ...run, kind: 'done' })).toBe(false);
  });

  it.each(
    MailKind.options.flatMap(
      (kind) =>
        [
          [kind, 'CANARY: Jane Doe died on 1.1.1970'],
          [kind, 'Jane.Doe'],
          [kind, 'JaneDoe'],
        ] as const,
    ),
  )('repeats in the mail %s nothing that is not the name of an error: %s', async (kind, reason) => {
    await send({ kind, reason });

    const all = JSON.stringify([mail(), published()]);
    expect(all).not.toMatch(/CANARY|Jane/);
    expect(all).toContain('UnexpectedError');
  });

  it.each(MailKind.options)(
    'writes in the mail %s no character that a template would escape',
    async (kind) => {
      await send({ kind, reason: 'WorkerLostError', objects: 2, done: 1, failed: 1, workers: 2 });

      expect(mail().subject + mail().text).not.toMatch(/[<>&"'`=]/);
    },
  );

  it('says that something may still exist where the proof failed', async () => {
    await send({ kind: 'failed', reason: 'RemnantsError' });

    expect(mail().text).toContain('may still exist');
  });
});
