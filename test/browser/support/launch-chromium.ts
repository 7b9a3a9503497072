import { type Browser, chromium } from 'playwright-core';
import { unpackChromium } from './unpack-chromium.ts';

/**
 * Starts a Chromium without a window. It ends with this process, however that ends.
 *
 * Its sandbox is off: it needs user namespaces or a setuid helper, and a container gives neither to
 * root. That is sound here, where it shows pages that this repository made, and none from elsewhere:
 * it resolves no name, and {@link guardPage} lets nothing out.
 */
export async function launchChromium(...further: readonly string[]): Promise<Browser> {
  const { executable, environment } = await unpackChromium();
  return chromium.launch({
    executablePath: executable,
    env: environment,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--font-render-hinting=none',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ...further,
    ],
  });
}
