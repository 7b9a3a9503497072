import * as z from 'zod';
import { type ArtifactSource, artifactKey } from './publish-artifact.ts';

const Properties = z
  .object({
    SourceBucket: z.string().min(1),
    SourceKey: z.string().min(1),
    TargetBucket: z.string().min(1),
    Sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .transform(({ SourceBucket, SourceKey, TargetBucket, Sha256 }): ArtifactSource => ({
    sourceBucket: SourceBucket,
    sourceKey: SourceKey,
    targetBucket: TargetBucket,
    sha256: Sha256,
  }));

const Address = z.object({
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
});

const Request = z.discriminatedUnion('RequestType', [
  z.object({ RequestType: z.literal('Create'), ResourceProperties: Properties }),
  z.object({ RequestType: z.literal('Update'), ResourceProperties: Properties }),
  z.object({ RequestType: z.literal('Delete'), PhysicalResourceId: z.string() }),
]);

interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly PhysicalResourceId: string;
  readonly Reason?: string;
}

export interface AnswerDeps {
  readonly publish: (source: ArtifactSource) => Promise<unknown>;
  /** Delivers the answer to CloudFormation's presigned URL. */
  readonly put: (url: string, body: string) => Promise<void>;
}

/**
 * Speaks CloudFormation's custom resource protocol: an answer goes out for every event, because
 * without one a deployment hangs for an hour.
 *
 * The resource's id is the file's key in S3A. A deletion keeps the file: a running worker, or a
 * rollback, may still ask for it.
 */
export async function answerCloudFormation(event: unknown, deps: AnswerDeps): Promise<void> {
  const { ResponseURL, ...address } = Address.parse(event);
  const answer = await answerTo(event, deps);
  await deps.put(ResponseURL, JSON.stringify({ ...address, ...answer }));
}

async function answerTo(event: unknown, deps: AnswerDeps): Promise<Answer> {
  const request = Request.safeParse(event);
  if (!request.success) {
    const fields = request.error.issues.map(({ path }) => path.map(String).join('.'));
    return failed('not-published', `wrong or missing: ${fields.join(', ')}`);
  }
  if (request.data.RequestType === 'Delete') {
    return { Status: 'SUCCESS', PhysicalResourceId: request.data.PhysicalResourceId };
  }
  const source = request.data.ResourceProperties;
  const id = artifactKey(source.sha256);
  try {
    await deps.publish(source);
    return { Status: 'SUCCESS', PhysicalResourceId: id };
  } catch (error) {
    return failed(id, error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error');
  }
}

function failed(id: string, reason: string): Answer {
  return { Status: 'FAILED', PhysicalResourceId: id, Reason: reason };
}

/** Puts an answer to a presigned URL; a body of bytes keeps `fetch` from adding a content type. */
export async function putAnswer(url: string, body: string): Promise<void> {
  const { ok, status } = await fetch(url, { method: 'PUT', body: Buffer.from(body) });
  if (!ok) throw new Error(`CloudFormation did not take the answer: HTTP ${status}`);
}
