import type { Command } from 'commander';
import { addEvidenceReportCommand } from './evidence-report.ts';

/** `czar evidence`: what ran, on what, with which key, and what is left, for whoever has to know. */
export function addEvidenceCommand(program: Command): void {
  const evidence = program
    .command('evidence')
    .summary('evidence of what became of an execution')
    .description('Evidence of an execution, free of PHI.');
  addEvidenceReportCommand(evidence);
}
