import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Trouble } from '../../../ingest/model/sensor-items.ts';
import { root } from '../../../stacks/bundles.ts';

const operate = readFileSync(join(root, 'docs/operate.md'), 'utf8');

describe('the runbook', () => {
  it.each(Trouble.options)('says of %s what happened and what to do', (code) => {
    const rows = operate.split('\n').filter((line) => line.startsWith(`| \`${code}\``));

    const [, , happened, act] = rows[0]?.split('|').map((cell) => cell.trim()) ?? [];
    expect(rows).toHaveLength(1);
    expect([happened, act]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
  });

  it('has the section that the mails point to', () => {
    expect(operate).toContain('\n## Sensor ingest\n');
  });
});
