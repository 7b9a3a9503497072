import type { RunRecord } from '../run-record.ts';
import { checkControls, type Finding } from './control-checks.ts';
import { markup } from './html.ts';
import { badge, type Mark, paragraphs, type Section } from './page-parts.ts';
import { ruleSource, securityRule } from './security-rule.ts';
import { table } from './table.ts';

const marks: Readonly<Record<Finding, Mark>> = {
  shown: 'good',
  contradicted: 'bad',
  'not shown': 'neutral',
};

/** The controls that the record itself proves something of. */
export function controlsSection(record: RunRecord): Section {
  return {
    id: 'controls',
    title: 'Controls',
    body: [
      paragraphs(
        `Facts of this one run, with the part of the ${ruleSource} that each is about. That a fact is shown does not mean that the part is fulfilled: that takes policies, contracts and people, and is for the institution to say.`,
      ),
      table({
        caption: 'What this record shows of the controls',
        columns: [{ title: 'Rule' }, { title: 'Fact' }, { title: 'Finding' }, { title: 'By' }],
        rows: checkControls(record).map(({ cite, claim, finding, by }) => {
          const { title, kind } = securityRule[cite];
          return [
            markup`§ ${cite}<br><small>${title} (${kind})</small>`,
            claim,
            badge(marks[finding], finding),
            by,
          ];
        }),
      }),
    ],
  };
}
