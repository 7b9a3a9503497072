import { S3Client } from '@aws-sdk/client-s3';
import { answerCloudFormation, putAnswer } from './answer-cloudformation.ts';
import { publishArtifact } from './publish-artifact.ts';

const s3 = new S3Client();

export const handler = (event: unknown): Promise<void> =>
  answerCloudFormation(event, {
    publish: (source) => publishArtifact(source, s3),
    put: putAnswer,
  });
