import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnTemplate, EmailIdentity, Identity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { CzarConfig } from '../config.ts';

export interface AnnouncementsProps {
  readonly config: CzarConfig;
  readonly storageKey: IKey;
}

/**
 * How a batch is announced: a topic for programs, and mail for people, by one template whose
 * subject and text the Notify task writes.
 *
 * SES sends only when a person has confirmed the sender's address from the mail that SES sends to
 * it at the first deployment.
 */
export class Announcements extends Construct {
  readonly topic: Topic;
  /** What the Notify task reads of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What sending takes. */
  readonly rights: readonly PolicyStatement[];

  constructor(scope: Construct, id: string, { config, storageKey }: AnnouncementsProps) {
    super(scope, id);
    const { senderEmail, notifyEmail } = config;
    this.topic = new Topic(this, 'Topic', {
      displayName: `${config.pit} batches`,
      masterKey: storageKey,
      enforceSSL: true,
    });
    new EmailIdentity(this, 'Sender', { identity: Identity.email(senderEmail) });
    const template = new CfnTemplate(this, 'Mail', {
      template: { subjectPart: '{{subject}}', textPart: '{{text}}' },
    });
    this.environment = {
      TOPIC_ARN: this.topic.topicArn,
      MAIL_TEMPLATE: template.ref,
      MAIL_FROM: senderEmail,
      MAIL_TO: notifyEmail,
    };
    // In SES's sandbox the recipient is a verified identity too, and then is asked for.
    const identities = [...new Set([senderEmail, notifyEmail])].map((email) => `identity/${email}`);
    this.rights = [
      new PolicyStatement({
        // SES checks a call of v2's SendEmail with a template under the name that v1 had for it.
        actions: ['ses:SendEmail', 'ses:SendTemplatedEmail'],
        resources: [...identities, `template/${template.ref}`].map(
          (resource) => `arn:${Aws.PARTITION}:ses:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`,
        ),
      }),
      new PolicyStatement({ actions: ['sns:Publish'], resources: [this.topic.topicArn] }),
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [storageKey.keyArn],
      }),
    ];
  }
}
