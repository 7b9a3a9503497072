import * as z from 'zod';

/**
 * A record of the access log in CloudTrail's shape, as far as evidence reads it.
 *
 * What a call said and was answered stays unread until a schema for just that call takes it up.
 *
 * @see AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"
 */
export const AccessRecord = z.object({
  eventTime: z.iso.datetime(),
  eventSource: z.string(),
  eventName: z.string(),
  errorCode: z.string().optional(),
  userIdentity: z.object({
    type: z.string(),
    arn: z.string().optional(),
    invokedBy: z.string().optional(),
  }),
  requestParameters: z.unknown(),
  responseElements: z.unknown(),
  /** What the call was on, by ARN, where the service tells it. */
  resources: z.unknown().optional(),
});
export type AccessRecord = z.infer<typeof AccessRecord>;
