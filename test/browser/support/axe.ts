import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe-core finds wrong in a page as it stands: each rule with the elements that break it. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    `axe.run({ resultTypes: ['violations'], preload: false })`,
  );
  return violations.map(({ id, nodes }) => {
    const where = nodes
      .slice(0, 3)
      .map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`);
    return `${id}, ${nodes.length} times: ${where.join(' | ')}`;
  });
}
