import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type GuardedPage, guardPage } from './guard-page.ts';
import { launchChromium } from './launch-chromium.ts';

/** Opens a page in the test file's browser. */
export type OpenPage = (address: string, options?: BrowserContextOptions) => Promise<Page>;

/**
 * Gives a test file its browser.
 *
 * A test fails where one of its pages asked for something elsewhere, or complained on its console.
 */
export function useBrowser(): OpenPage {
  let browser: Browser | undefined;
  const opened: GuardedPage[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
  });

  afterEach(async () => {
    const all = opened.splice(0);
    await Promise.all(all.map(({ page }) => page.context().close()));
    expect(all.flatMap(({ offences }) => offences)).toEqual([]);
  });

  afterAll(() => browser?.close());

  return async (address, options) => {
    const guarded = await guardPage(browser!, address, options);
    opened.push(guarded);
    return guarded.page;
  };
}
