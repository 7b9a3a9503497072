import type { Command } from 'commander';
import { addEvidenceExportCommand } from './evidence-export.ts';
import { addEvidenceKeyCommand } from './evidence-key.ts';
import { addEvidenceReportCommand } from './evidence-report.ts';
import { addEvidenceVerifyCommand } from './evidence-verify.ts';

/** `czar evidence`: what ran, on what, with which key, and what is left, for whoever has to know. */
export function addEvidenceCommand(program: Command): void {
  const evidence = program
    .command('evidence')
    .summary('evidence of what became of an execution')
    .description('Evidence of an execution, free of PHI.');
  addEvidenceReportCommand(evidence);
  addEvidenceExportCommand(evidence);
  addEvidenceVerifyCommand(evidence);
  addEvidenceKeyCommand(evidence);
}
