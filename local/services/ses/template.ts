import * as z from 'zod';
import {
  compileTemplateParts,
  TemplateRenderError,
} from 'aws-ses-v2-local/dist/v2/renderTemplate.js';
import { ApiError } from '../../api.ts';

/** A mail with nothing left to fill in. */
export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A declared template, compiled. */
export type MailTemplate = (templateData: string) => RenderedMail;

const Data = z.record(z.string(), z.unknown());

/**
 * Compiles a template with SES's engine, Handlebars, as aws-ses-v2-local sets it up.
 *
 * A variable that the data does not have is an error at once. SES would take such a mail, answer a message id, and
 * never deliver it; here that would look like success.
 *
 * @throws TemplateRenderError for a template that Handlebars cannot read.
 */
export function compileMailTemplate(parts: {
  readonly Subject?: string | undefined;
  readonly Text?: string | undefined;
  readonly Html?: string | undefined;
}): MailTemplate {
  const render = compileTemplateParts(parts, { strict: true });
  return (templateData) => {
    try {
      return render(Data.parse(JSON.parse(templateData)));
    } catch (cause) {
      const reason =
        cause instanceof TemplateRenderError ? cause.message : 'TemplateData is not a JSON object';
      throw new ApiError('BadRequestException', `The template cannot be rendered: ${reason}`);
    }
  };
}
