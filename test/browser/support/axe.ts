import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe-core finds wrong in a page as it stands, by all of its rules or some: each with what breaks it. */
export async function axeFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  const options = { resultTypes: ['violations'], preload: false, runOnly: rules };
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(${JSON.stringify(options)})`);
  return violations.map(({ id, nodes }) => {
    const where = nodes
      .slice(0, 3)
      .map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`);
    return `${id}, ${nodes.length} times: ${where.join(' | ')}`;
  });
}
