import * as z from 'zod';

const items = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });
const tags = z.array(z.object({ key: z.string(), value: z.string() }));

/** What the calls say that evidence reads, each by a schema of its own. */
export const calls = {
  started: z.object({ executionArn: z.string() }),
  launchRequest: z.object({ tagSpecificationSet: items(z.object({ tags })) }),
  launchAnswer: z.object({
    instancesSet: items(
      z.object({
        instanceId: z.string(),
        networkInterfaceSet: items(z.object({ networkInterfaceId: z.string() })).optional(),
      }),
    ),
  }),
  terminated: z.object({ instancesSet: items(z.object({ instanceId: z.string() })) }),
  granted: z.object({
    granteePrincipal: z.string(),
    operations: z.array(z.string()),
    constraints: z.object({ encryptionContextSubset: z.object({ batch: z.string() }) }),
  }),
  grant: z.object({ grantId: z.string() }),
  used: z.object({
    encryptionContext: z.object({ batch: z.string(), kind: z.enum(['input', 'result']) }),
  }),
  queueMade: z.object({ queueName: z.string() }),
  queueDeleted: z.object({ queueUrl: z.string() }),
} as const;

/** Errors that say that a policy did not allow the call. */
export const denials = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'Client.UnauthorizedOperation',
  'KMS.AccessDeniedException',
  'UnauthorizedOperation',
]);
