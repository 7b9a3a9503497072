import type { MailFields, MailKind } from '../../workflow/model/mail.ts';
import type { MailText } from '../announce/announce.ts';

const subjects: Readonly<Record<MailKind, string>> = {
  working: 'working with PHI',
  done: 'done, results are stored',
  evaporated: 'evaporated, nothing of it runs',
  failed: 'FAILED',
};

const stories: Readonly<Record<MailKind, (fields: MailFields) => string>> = {
  working: ({ workers, objects }) =>
    `The batch is open. ${count(workers, 'machine')} will now start, get the key for this batch only, ` +
    `and work with protected health information on ${count(objects, 'object')}.\n\n` +
    'Two more mails follow: one when the results are stored, one when the machines, their volumes ' +
    'and their right to the key are gone.',
  done: ({ done, failed }) =>
    `The results are stored, encrypted, in the result bucket. ${count(done, 'object')} processed, ` +
    `${count(failed, 'object')} failed.\n\n` +
    'Fetch them with: czar results get. The machines are being destroyed; one more mail follows ' +
    'when they are gone.',
  evaporated: () =>
    'Everything that this batch started has ended. Looked for and not found: instances, volumes, ' +
    'network interfaces, snapshots, grants on the data key, the queue.\n\n' +
    'What remains is the encrypted input, the encrypted results, and the record of the run.',
  failed: ({ reason }) =>
    reason === 'RemnantsError' || reason === 'StillEvaporatingError'
      ? `The batch ended with an error: ${reason}. Some of what it had started may still exist. ` +
        'The hourly sweep goes on ending it; an operator should look now.'
      : `The batch ended with an error: ${reason ?? 'unknown'}. The machines that it had started, ` +
        'their volumes and their right to the key have been ended, or the hourly sweep ends them.\n\n' +
        'The execution in the Step Functions console tells in one sentence what happened.',
};

/**
 * Writes a mail: plain sentences, made of ids, counts and an error code.
 *
 * No character that Handlebars would escape, so that it reads the same whether SES escapes or not.
 */
export function writeMail(fields: MailFields): MailText {
  const { study, batchId, execution, kind } = fields;
  const footer = `Study ${study}, batch ${batchId}, execution ${execution}.`;
  return {
    subject: `${study}: batch ${batchId} ${subjects[kind]}`,
    text: `${stories[kind](fields)}\n\n${footer}\nThis mail has no protected health information in it.\n`,
  };
}

function count(value: number | undefined, noun: string): string {
  return `${value ?? 0} ${noun}${value === 1 ? '' : 's'}`;
}
