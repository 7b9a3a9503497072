import { SendEmailCommand, type SESv2Client } from '@aws-sdk/client-sesv2';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';

/** Subject and body of a mail, as the deployment's one SES template takes them. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** What announcing takes. */
export interface Announcer {
  readonly ses: SESv2Client;
  readonly sns: SNSClient;
  readonly topicArn: string;
  readonly mail: { readonly template: string; readonly from: string; readonly to: string };
}

/**
 * Publishes facts on the topic, and sends a person the mail that says them. Answers the mail's id.
 *
 * The topic comes first: what reads it can tell a repeated message by its fields, and a person who
 * gets a mail twice cannot.
 */
export async function announce(
  { ses, sns, topicArn, mail }: Announcer,
  fields: object,
  text: MailText,
): Promise<string> {
  await sns.send(new PublishCommand({ TopicArn: topicArn, Message: JSON.stringify(fields) }));
  const { MessageId } = await ses.send(
    new SendEmailCommand({
      FromEmailAddress: mail.from,
      Destination: { ToAddresses: [mail.to] },
      Content: {
        Template: { TemplateName: mail.template, TemplateData: JSON.stringify(text) },
      },
    }),
  );
  return MessageId ?? '';
}
