/** The image's `aws`: `aws s3api get-object --region R --bucket B --key K FILE`, nothing else. */
import { createWriteStream } from 'node:fs';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { region: { type: 'string' }, bucket: { type: 'string' }, key: { type: 'string' } },
});
const [service, operation, file, ...rest] = positionals;
if (service !== 's3api' || operation !== 'get-object' || file === undefined || rest.length > 0) {
  console.error('aws: the embedded image supports s3api get-object only');
  process.exit(252);
}
try {
  const s3 = new S3Client(values.region === undefined ? {} : { region: values.region });
  const { Body, ContentLength } = await s3.send(
    new GetObjectCommand({ Bucket: values.bucket, Key: values.key }),
  );
  if (!(Body instanceof Readable)) throw new Error('NoBody');
  await pipeline(Body, createWriteStream(file));
  console.log(JSON.stringify({ ContentLength }));
} catch (error) {
  console.error(`aws: get-object failed: ${error instanceof Error ? error.name : 'unknown'}`);
  process.exit(254);
}
