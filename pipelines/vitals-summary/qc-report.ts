import { roundFraction } from '../exact-statistics.ts';
import type { MergedRow } from './merged-study.ts';
import contract from './pipeline.json' with { type: 'json' };
import { saturationCap, temperatureCut } from './variables.ts';

/** A rule and how many rows it concerns. */
export interface QcCheck {
  rule: string;
  rows: number;
  percent: number;
}

/**
 * `qc.json`: what a reader must know before trusting the summary.
 *
 * No row is left out of any figure because of a check: a finding is reported, not repaired.
 */
export function qcReport(study: MergedRow, counts: MergedRow): string {
  const rows = study.integer('n');
  const check = (concerned: bigint, rule: string): QcCheck => ({
    rule,
    rows: Number(concerned),
    percent: Number(roundFraction(concerned * 100n, rows, 2)),
  });
  const flagged = (key: 'base' | 'dk'): bigint => study.moments(key).sum / 10n ** 9n;
  const report = {
    pipeline: contract.name,
    version: contract.version,
    rows: Number(rows),
    patients: Number(counts.integer('patients')),
    firstVisit: study.text('first_at'),
    lastVisit: study.text('last_at'),
    visitsPerPatient: {
      min: Number(counts.integer('fewest')),
      max: Number(counts.integer('most')),
    },
    checks: {
      temperatureAboveCut: check(
        study.integer('hot'),
        `temp is above ${temperatureCut} F, which no living patient has`,
      ),
      saturationAtCap: check(
        study.integer('capped'),
        `OSat is at the cap of ${saturationCap} % or above it: the true value may be higher`,
      ),
      duplicateVisits: check(
        counts.integer('duplicates'),
        'the row has the ID and the date of another row: all but one of each such group are counted',
      ),
      baseE: check(flagged('base'), 'BaseE is 1'),
      dk: check(flagged('dk'), 'DK is 1'),
    },
    patientsTable: patientsTable(counts),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** How visits and the patients table fit together, or null where the batch holds no such table. */
function patientsTable(counts: MergedRow): Record<string, number> | null {
  const listed = Number(counts.integer('listed'));
  if (listed === 0) return null;
  return {
    patients: listed,
    patientsWithoutVisits: Number(counts.integer('unseen')),
    unlistedPatientsWithVisits: Number(counts.integer('unlisted')),
    visitsOfUnlistedPatients: Number(counts.integer('unlisted_rows')),
  };
}
