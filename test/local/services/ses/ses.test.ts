import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetAccountCommand,
  SendEmailCommand,
  SESv2Client,
  type SendEmailCommandInput,
} from '@aws-sdk/client-sesv2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSesService, type SesService } from '../../../../local/services/ses/ses-service.ts';
import { accountId, region, startToyCloud, type ToyCloud } from '../../gateway/toy-cloud.ts';

let cloud: ToyCloud;
let service: SesService;
let ses: SESv2Client;
let directory: string;

async function declare(type: string, properties: Record<string, unknown>) {
  const handler = service.resources.find((one) => one.type === type);
  return handler!.create({ stack: 'Batch', logicalId: 'Mail', type, properties, tags: {} });
}

beforeEach(async () => {
  cloud = await startToyCloud();
  directory = await mkdtemp(join(tmpdir(), 'ses-'));
  service = createSesService({ region, accountId, directory });
  cloud.serve(service);
  await declare('AWS::SES::EmailIdentity', { EmailIdentity: 'team@study.example' });
  await declare('AWS::SES::Template', {
    Template: {
      TemplateName: 'mail',
      SubjectPart: '{{subject}}',
      TextPart: 'Batch {{batch}}.\n{{#each lines}}- {{this}}\n{{/each}}',
    },
  });
  cloud.role('notifier', [{ Effect: 'Allow', Action: 'ses:SendEmail', Resource: '*' }]);
  ses = new SESv2Client(cloud.as('notifier'));
});

afterEach(async () => {
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
});

function mail(data: object, changes: Partial<SendEmailCommandInput> = {}): SendEmailCommand {
  return new SendEmailCommand({
    FromEmailAddress: 'The Team <Team@study.example>',
    Destination: { ToAddresses: ['k@university.example'] },
    Content: { Template: { TemplateName: 'mail', TemplateData: JSON.stringify(data) } },
    ...changes,
  });
}

const data = { subject: 'working & waiting', batch: 'b1', lines: ['one <1>', 'two'] };

describe('a mail from a template', () => {
  it('is rendered without escaping, kept as a file, and listed', async () => {
    const { MessageId } = await ses.send(mail(data));

    const [sent] = service.mails();
    const file = await readFile(sent!.path, 'utf8');
    expect(sent).toMatchObject({
      messageId: MessageId,
      to: ['k@university.example'],
      subject: 'working & waiting',
      text: 'Batch b1.\n- one <1>\n- two\n',
      sentAt: expect.any(Date) as Date,
    });
    expect(file).toContain('Subject: working & waiting\r\n');
    expect(file.endsWith('\r\n\r\nBatch b1.\n- one <1>\n- two\n')).toBe(true);
    expect((await stat(sent!.path)).mode & 0o777).toBe(0o600);
  });

  it('with a variable missing is refused and not kept', async () => {
    await expect(ses.send(mail({ subject: 's', batch: 'b1' }))).resolves.toBeDefined();
    await expect(ses.send(mail({ subject: 's' }))).rejects.toMatchObject({
      name: 'BadRequestException',
    });

    expect(service.mails()).toHaveLength(1);
  });

  it('cannot break into headers', async () => {
    await ses.send(mail({ ...data, subject: 'a\r\nBcc: everyone@example.org' }));

    const file = await readFile(service.mails()[0]!.path, 'utf8');
    expect(file).not.toMatch(/^Bcc:/m);
  });

  it('that no template declares is refused', async () => {
    const call = ses.send(
      mail(data, { Content: { Template: { TemplateName: 'ghost', TemplateData: '{}' } } }),
    );

    await expect(call).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});

describe('a sender', () => {
  it('whose address or domain no template declares is refused', async () => {
    const call = ses.send(mail(data, { FromEmailAddress: 'other@study.example' }));

    await expect(call).rejects.toMatchObject({ name: 'MessageRejected' });
    expect(service.mails()).toEqual([]);
  });

  it('may be anyone of a declared domain', async () => {
    await declare('AWS::SES::EmailIdentity', { EmailIdentity: 'university.example' });

    await expect(
      ses.send(mail(data, { FromEmailAddress: 'k@med.university.example' })),
    ).resolves.toBeDefined();
  });
});

describe('policies', () => {
  it('hold on sender, recipients, identity and template', async () => {
    const prefix = `arn:aws:ses:${region}:${accountId}:`;
    cloud.role('narrow', [
      {
        Effect: 'Allow',
        Action: 'ses:SendEmail',
        Resource: [`${prefix}identity/team@study.example`, `${prefix}template/mail`],
        Condition: {
          StringEquals: { 'ses:FromAddress': 'team@study.example' },
          'ForAllValues:StringEquals': { 'ses:Recipients': ['k@university.example'] },
        },
      },
    ]);
    const narrow = new SESv2Client(cloud.as('narrow'));

    const elsewhere = narrow.send(
      mail(data, { Destination: { ToAddresses: ['k@university.example', 'spy@example.org'] } }),
    );

    await expect(elsewhere).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(narrow.send(mail(data))).resolves.toBeDefined();
  });
});

describe('what is not supported', () => {
  it('is refused by name', async () => {
    const raw = mail(data, { Content: { Raw: { Data: Buffer.from('x') } } });
    const set = mail(data, { ConfigurationSetName: 'set' });

    await expect(ses.send(raw)).rejects.toThrow(
      /SES SendEmail: parameter Content is not supported/,
    );
    await expect(ses.send(set)).rejects.toThrow(/parameter ConfigurationSetName is not supported/);
    await expect(ses.send(new GetAccountCommand({}))).rejects.toThrow(
      /only SendEmail is supported/,
    );
    await expect(
      declare('AWS::SES::EmailIdentity', { EmailIdentity: 'a@b.c', Surprise: 1 }),
    ).rejects.toThrow(/Surprise is not supported/);
  });
});

describe('the access log', () => {
  it('tells the template of a mail, and neither recipients nor text', async () => {
    await ses.send(mail({ ...data, batch: 'canary' }));

    const records = await cloud.log();
    expect(records).toMatchObject([
      { eventName: 'SendEmail', requestParameters: { templateName: 'mail' } },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/canary|university/);
  });
});
