import * as z from 'zod';
import type { ResourceHandler } from '../../api.ts';
import { readProperties } from '../../assembly/read-properties.ts';
import { compileMailTemplate, type MailTemplate } from './template.ts';

/**
 * An address or domain that mail may come from.
 *
 * Declared is verified: on AWS the owner of the address must follow a link first. How mail is signed and where bounces
 * go is noted and without effect, as no mail leaves the machine.
 */
const IdentityProperties = z.strictObject({
  EmailIdentity: z.string(),
  DkimAttributes: z.unknown().optional(),
  DkimSigningAttributes: z.unknown().optional(),
  FeedbackAttributes: z.unknown().optional(),
  MailFromAttributes: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

const TemplateProperties = z.strictObject({
  Template: z.strictObject({
    TemplateName: z.string().optional(),
    SubjectPart: z.string(),
    TextPart: z.string().optional(),
    HtmlPart: z.string().optional(),
  }),
  Tags: z.unknown().optional(),
});

/** What templates declare for mail. */
export interface MailDeclarations {
  /** Addresses and domains, in lower case. */
  readonly identities: Set<string>;
  readonly templates: Map<string, MailTemplate>;
}

/** Creates the mail identities and templates of templates. */
export function mailResources({
  identities,
  templates,
}: MailDeclarations): readonly ResourceHandler[] {
  return [
    {
      type: 'AWS::SES::EmailIdentity',
      create: (resource) => {
        const { EmailIdentity } = readProperties(IdentityProperties, resource);
        identities.add(EmailIdentity.toLowerCase());
        return { ref: EmailIdentity };
      },
    },
    {
      type: 'AWS::SES::Template',
      create: (resource) => {
        const { Template } = readProperties(TemplateProperties, resource);
        const name = Template.TemplateName ?? `${resource.stack}-${resource.logicalId}`;
        const { SubjectPart: Subject, TextPart: Text, HtmlPart: Html } = Template;
        templates.set(name, compileMailTemplate({ Subject, Text, Html }));
        return { ref: name, attributes: { Id: name } };
      },
    },
  ];
}
