import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  ApiError,
  type ApiResponse,
  type Call,
  type Service,
  type Surroundings,
} from '../../api.ts';
import { readBodyText } from '../../gateway/read-body-text.ts';
import { bareAddress, readEmailRequest, type EmailRequest } from './email-request.ts';
import { mailResources, type MailDeclarations } from './mail-resources.ts';
import { Mailbox, type SentMail } from './mailbox.ts';
import type { RenderedMail } from './template.ts';

/** SES, and the mails that it would have delivered. */
export interface SesService extends Service {
  /** The folder that mails are kept in. */
  readonly directory: string;
  mails(): readonly SentMail[];
}

/** The declared identity that a sender belongs to: its address, its domain, or a domain above. */
function identityOf(sender: string, identities: ReadonlySet<string>): string | undefined {
  if (identities.has(sender)) return sender;
  const labels = sender.slice(sender.lastIndexOf('@') + 1).split('.');
  return labels
    .map((_, index) => labels.slice(index).join('.'))
    .find((name) => identities.has(name));
}

function render({ Content }: EmailRequest, { templates }: MailDeclarations): RenderedMail {
  if ('Simple' in Content) {
    const { Subject, Body } = Content.Simple;
    return { subject: Subject.Data, text: Body.Text?.Data ?? '', html: Body.Html?.Data ?? '' };
  }
  const { TemplateName, TemplateData = '{}' } = Content.Template;
  const template = templates.get(TemplateName);
  if (template === undefined)
    throw new ApiError('NotFoundException', `Template ${TemplateName} does not exist.`, 404);
  return template(TemplateData);
}

function authorize(
  request: EmailRequest,
  sender: string,
  identity: string,
  call: Call,
  arnPrefix: string,
): void {
  const { Destination, FromEmailAddress, Content } = request;
  const { ToAddresses, CcAddresses = [], BccAddresses = [] } = Destination;
  const context = {
    'ses:ApiVersion': '2',
    'ses:FromAddress': sender,
    'ses:FromDisplayName': /^(.+?)\s*</.exec(FromEmailAddress)?.[1]?.replaceAll('"', ''),
    'ses:Recipients': [...ToAddresses, ...CcAddresses, ...BccAddresses].map(bareAddress),
  };
  call.authorize({
    action: 'ses:SendEmail',
    resource: `${arnPrefix}identity/${identity}`,
    context,
  });
  if (!('Template' in Content)) return;
  const template = `${arnPrefix}template/${Content.Template.TemplateName}`;
  call.authorize({ action: 'ses:SendEmail', resource: template, context });
}

/**
 * Creates SES: `SendEmail` from declared identities with declared templates.
 *
 * Mails end in a folder. The rendering is aws-ses-v2-local's; its server is not used, as it keeps the mails of a whole
 * process in one place and checks no sender. A templated mail needs `ses:SendEmail` on the template as well.
 */
export function createSesService({
  region,
  accountId,
  directory,
}: Pick<Surroundings, 'region' | 'accountId' | 'directory'>): SesService {
  const declared: MailDeclarations = { identities: new Set(), templates: new Map() };
  const mailbox = new Mailbox(join(directory, 'mails'));
  const arnPrefix = `arn:aws:ses:${region}:${accountId}:`;

  const sendEmail = async (body: string, call: Call): Promise<ApiResponse> => {
    const request = readEmailRequest(body);
    const sender = bareAddress(request.FromEmailAddress);
    const identity = identityOf(sender, declared.identities);
    const { Content } = request;
    call.record({
      eventName: 'SendEmail',
      readOnly: false,
      dataEvent: true,
      requestParameters:
        'Template' in Content ? { templateName: Content.Template.TemplateName } : {},
    });
    authorize(request, sender, identity ?? sender, call, arnPrefix);
    if (identity === undefined) {
      throw new ApiError(
        'MessageRejected',
        'Email address is not verified: no template declares the identity of the sender.',
      );
    }
    const rendered = render(request, declared);
    const messageId = randomUUID();
    await mailbox.deliver({
      ...rendered,
      messageId,
      from: request.FromEmailAddress,
      to: request.Destination.ToAddresses,
      sentAt: call.time,
    });
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ MessageId: messageId }),
    };
  };

  return {
    signingName: 'ses',
    protocol: 'rest-json',
    resources: mailResources(declared),
    directory: mailbox.directory,
    mails: () => mailbox.list(),
    handle: async ({ method, url, body }, call) => {
      if (method === 'POST' && url.pathname === '/v2/email/outbound-emails')
        return sendEmail(await readBodyText(body), call);
      throw new ApiError(
        'UnsupportedOperation',
        'SES: only SendEmail is supported by the embedded cloud',
        501,
      );
    },
  };
}
