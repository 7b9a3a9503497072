import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import {
  answerCloudFormation,
  putAnswer,
} from '../../../tasks/publish-artifact/answer-cloudformation.ts';
import { ArtifactMismatchError } from '../../../tasks/publish-artifact/publish-artifact.ts';

const sha256 = 'a'.repeat(64);
const address = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'ArtifactsNode' };
const create = {
  RequestType: 'Create',
  ResponseURL: 'https://example.org/answer',
  ResourceType: 'Custom::PublishedArtifact',
  ...address,
  ResourceProperties: {
    ServiceToken: 'arn',
    SourceBucket: 'assets',
    SourceKey: 'node',
    TargetBucket: 's3a',
    Sha256: sha256,
  },
};

/** Handles one event; answers what went to CloudFormation and what was published. */
async function handle(event: unknown, failure?: Error) {
  const published: unknown[] = [];
  const answers: unknown[] = [];
  await answerCloudFormation(event, {
    publish: (source) => {
      published.push(source);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    put: (url, body) => {
      answers.push({ url, body: JSON.parse(body) as unknown });
      return Promise.resolve();
    },
  });
  return { published, answers };
}

const answer = (fields: object) => [
  { url: 'https://example.org/answer', body: { ...address, ...fields } },
];

describe('the artifact publisher', () => {
  it.each(['Create', 'Update'])('publishes on %s, and is named by the key', async (RequestType) => {
    const { published, answers } = await handle({ ...create, RequestType });

    expect(published).toEqual([
      { sourceBucket: 'assets', sourceKey: 'node', targetBucket: 's3a', sha256 },
    ]);
    expect(answers).toEqual(
      answer({ Status: 'SUCCESS', PhysicalResourceId: `artifacts/sha256/${sha256}` }),
    );
  });

  it('keeps the artifact on Delete', async () => {
    const { published, answers } = await handle({
      ...create,
      RequestType: 'Delete',
      PhysicalResourceId: 'artifacts/sha256/old',
    });

    expect(published).toEqual([]);
    expect(answers).toEqual(
      answer({ Status: 'SUCCESS', PhysicalResourceId: 'artifacts/sha256/old' }),
    );
  });

  it('answers FAILED with the reason, so that the deployment does not hang', async () => {
    const { answers } = await handle(create, new ArtifactMismatchError('other bytes'));

    expect(answers).toEqual(
      answer({
        Status: 'FAILED',
        PhysicalResourceId: `artifacts/sha256/${sha256}`,
        Reason: 'ArtifactMismatchError: other bytes',
      }),
    );
  });

  it('answers FAILED to a request without a digest, naming the property', async () => {
    const { published, answers } = await handle({
      ...create,
      ResourceProperties: { ...create.ResourceProperties, Sha256: 'node' },
    });

    expect(published).toEqual([]);
    expect(answers).toEqual(
      answer({
        Status: 'FAILED',
        PhysicalResourceId: 'not-published',
        Reason: 'wrong or missing: ResourceProperties.Sha256',
      }),
    );
  });
});

describe('an answer', () => {
  it('is put without a content type, which the presigned URL does not allow', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        seen.push([request.method, request.headers['content-type'], body]);
        response.statusCode = seen.length === 1 ? 200 : 403;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    await putAnswer(url, '{}');
    const refused = putAnswer(url, '{}');

    await expect(refused).rejects.toThrow('HTTP 403');
    expect(seen[0]).toEqual(['PUT', undefined, '{}']);
    server.close();
  });
});
