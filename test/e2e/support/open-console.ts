import { type ListeningConsole, listen } from '../../../console/listen.ts';
import type { StudyCloud } from './study-cloud.ts';

/** Starts the console of a study's cloud, as `czar console` does on the laptop that the cloud runs on. */
export function openConsole({ as, cloud }: StudyCloud): Promise<ListeningConsole> {
  const { ec2, sqs, ...deployment } = as('auditor');
  return listen({
    port: 0,
    sources: {
      deployment,
      ec2,
      sqs,
      place: 'embedded cloud',
      accessLog: cloud.accessLogPath,
      embedded: { operator: as('operator'), mails: cloud.mailsDirectory },
    },
  });
}
