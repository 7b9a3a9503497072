import type { Command } from 'commander';
import { addAuditAccessCommand } from './audit-access.ts';
import { addAuditKeyCommand } from './audit-key.ts';
import { addAuditLeaksCommand } from './audit-leaks.ts';
import { addAuditLeftoversCommand } from './audit-leftovers.ts';

const epilogue = `
All of them only read, with the auditor's role. An access log is a file or a folder:
  .jsonl    the embedded cloud's
  .json.gz  CloudTrail's, copied with aws s3 sync; digest files are passed over
docs/audit.md has each question with an answer.`;

/** `czar audit`: an auditor's questions. */
export function addAuditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .summary("an auditor's questions")
    .description('Answers who touched what, with which key, what is left, and whether PHI got out.')
    .addHelpText('after', epilogue);
  addAuditAccessCommand(audit);
  addAuditKeyCommand(audit);
  addAuditLeftoversCommand(audit);
  addAuditLeaksCommand(audit);
}
