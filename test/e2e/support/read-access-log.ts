import { readFile } from 'node:fs/promises';
import type { CloudTrailRecord } from '../../../local/gateway/cloudtrail-record.ts';
import type { StudyCloud } from './study-cloud.ts';

/** Reads every call that the cloud was asked, in order. */
export async function readAccessLog({ cloud }: StudyCloud): Promise<CloudTrailRecord[]> {
  await cloud.flush();
  const lines = (await readFile(cloud.accessLogPath, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as CloudTrailRecord);
}

/** The name of the session that called: a worker's is the id of its instance. */
export const sessionOf = ({ userIdentity }: CloudTrailRecord): string =>
  userIdentity.arn?.split('/').at(-1) ?? '';
