import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A page, and what it did that no page of ours may do. */
export interface GuardedPage {
  readonly page: Page;
  /** Requests to elsewhere, errors and warnings of its console, scripts that threw. */
  readonly offences: readonly string[];
}

/**
 * Opens an address in a context of its own, and watches it.
 *
 * What it asks of elsewhere is refused, and noted: for a page served by a host, anything but that
 * host; for a file, anything but the file.
 */
export async function guardPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<GuardedPage> {
  const offences: string[] = [];
  const context = await browser.newContext({ serviceWorkers: 'block', ...options });
  await context.route(
    () => true,
    async (route) => {
      const asked = route.request().url();
      if (isAtHome(asked, address)) return route.continue();
      offences.push(`asked for ${asked}`);
      return route.abort();
    },
  );
  await context.routeWebSocket(
    () => true,
    (socket) => {
      offences.push(`opened a socket to ${socket.url()}`);
      return socket.close();
    },
  );
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) offences.push(message.text());
  });
  page.on('pageerror', (error) => offences.push(error.message));
  await page.goto(address);
  return { page, offences };
}

function isAtHome(asked: string, address: string): boolean {
  const [to, home] = [new URL(asked), new URL(address)];
  to.hash = '';
  home.hash = '';
  return home.protocol === 'file:' ? to.href === home.href : to.origin === home.origin;
}
