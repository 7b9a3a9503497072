import type { Page } from 'playwright-core';

const named = `((each) => each.ariaLabel ?? each.labels?.[0]?.firstChild?.textContent ?? each.textContent)`;

/** What has the focus, by what a person would call it. */
export const focused = async (page: Page): Promise<string> =>
  (await page.evaluate<string>(`${named}(document.activeElement)`)).trim();

/**
 * Presses Tab until what has the focus has a name.
 *
 * @throws Error where the page's end comes first.
 */
export async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (passed.length < 80) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (at === name) return;
    passed.push(at);
  }
  throw new Error(`the keyboard does not reach ${name}, but ${passed.join(', ')}`);
}
