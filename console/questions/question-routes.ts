import type { Hono } from 'hono';
import { openAccessLog } from '../../audit/access/open-access-log.ts';
import { findLeftovers } from '../../audit/questions/find-leftovers.ts';
import { grantsNow } from '../../audit/questions/grants-now.ts';
import { KeyLife } from '../../audit/questions/key-life.ts';
import { EvidenceError } from '../../audit/evidence-error.ts';
import { batchGrantPrefix } from '../../workflow/model/names.ts';
import type { Desk } from '../console.ts';
import { badInput } from '../page/error-page.ts';
import { type AccessAnswer, AccessContent, answerAccess } from './access-page.ts';
import { KeyContent } from './key-page.ts';
import { LeftoversContent } from './leftovers-page.ts';
import { noLog, NoLogContent } from './question-tabs.ts';
import { accessQuestion, keyQuestion } from './read-question.ts';

/** The auditor's questions, each with its answer as a table and as the command that gives the same. */
export function addQuestionRoutes(app: Hono, { sources, index, now, show }: Desk): void {
  const { deployment, accessLog, ec2, sqs } = sources;
  const { kms, sfn, settings } = deployment;
  const { study, stateMachineArn, dataKeyArn } = settings;
  const page = (title: string) => ({ title, part: 'questions' }) as const;

  app.get('/questions', async (context) => {
    const asked = accessQuestion(context.req.query());
    const { subject } = asked;
    let answer: AccessAnswer | undefined;
    if (accessLog !== undefined && subject !== undefined) {
      const arn = 'run' in subject ? await index.find(subject.run) : undefined;
      const about = arn === undefined ? subject : { run: arn };
      answer = await answerAccess({ study, about, from: asked.from, to: asked.to }, accessLog);
    }
    const content = AccessContent({ asked, answer, hasLog: accessLog !== undefined });
    return show(context, { ...page('Access'), content });
  });

  app.get('/questions/key', async (context) => {
    const asked = keyQuestion(context.req.query());
    const { batchId } = asked;
    if (accessLog === undefined) {
      return show(context, { ...page('Key'), content: NoLogContent({ current: 'key' }) });
    }
    if (!asked.isAsked) return show(context, { ...page('Key'), content: KeyContent({ asked }) });
    const life = new KeyLife({ study, keyArn: dataKeyArn, batchId });
    for await (const { record } of openAccessLog(accessLog)) life.take(record);
    if (life.records === 0) throw new EvidenceError(noLog);
    const prefix = batchId === undefined ? '' : batchGrantPrefix({ study, batchId });
    const exist = await grantsNow(kms, dataKeyArn, prefix);
    return show(context, { ...page('Key'), content: KeyContent({ asked, life, exist }) });
  });

  app.get('/questions/leftovers', async (context) => {
    const look = context.req.query('look');
    if (look !== undefined && look !== 'now') throw badInput('look must be now, or not be there.');
    const found =
      look === undefined
        ? undefined
        : await findLeftovers({ study, stateMachineArn, dataKeyArn, ec2, kms, sfn, sqs, now });
    return show(context, { ...page('Leftovers'), content: LeftoversContent({ found }) });
  });
}
