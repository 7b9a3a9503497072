import * as z from 'zod';
import { ApiError } from '../../api.ts';

const Text = z.strictObject({ Data: z.string(), Charset: z.literal('UTF-8').optional() });

const Simple = z.strictObject({
  Subject: Text,
  Body: z.strictObject({ Text: Text.optional(), Html: Text.optional() }),
});

const Templated = z.strictObject({
  TemplateName: z.string(),
  TemplateData: z.string().optional(),
});

/** `SendEmail` as far as the embedded cloud supports it: a declared template, or plain content. */
const EmailRequest = z.strictObject({
  FromEmailAddress: z.string(),
  Destination: z.strictObject({
    ToAddresses: z.array(z.string()).min(1),
    CcAddresses: z.array(z.string()).optional(),
    BccAddresses: z.array(z.string()).optional(),
  }),
  ReplyToAddresses: z.array(z.string()).optional(),
  EmailTags: z.array(z.strictObject({ Name: z.string(), Value: z.string() })).optional(),
  Content: z.union([z.strictObject({ Simple }), z.strictObject({ Template: Templated })]),
});
export type EmailRequest = z.infer<typeof EmailRequest>;

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ApiError('BadRequestException', 'The body is not JSON.');
  }
}

/**
 * Reads a `SendEmail` request.
 *
 * @throws ApiError UnsupportedOperation or BadRequestException.
 */
export function readEmailRequest(body: string): EmailRequest {
  const parsed = EmailRequest.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  const isUnknown = issue?.code === 'unrecognized_keys' || issue?.code === 'invalid_union';
  if (!isUnknown) throw new ApiError('BadRequestException', `${path}: ${issue?.message ?? ''}`);
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
  throw new ApiError(
    'UnsupportedOperation',
    `SES SendEmail: parameter ${[path, ...keys].filter(Boolean).join('.')} is not supported by the embedded cloud`,
    501,
  );
}

/** The bare address in a text such as `Name <name@example.org>`. */
export function bareAddress(text: string): string {
  return (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim().toLowerCase();
}
