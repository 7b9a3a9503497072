import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';

/** A Chromium that can be started, and the environment that it needs. */
export interface UnpackedChromium {
  readonly executable: string;
  readonly environment: Readonly<Record<string, string>>;
}

const packed = dirname(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))));
const cache = fileURLToPath(new URL('../../../node_modules/.cache/czar-browser/', import.meta.url));

/** The package's fonts and no others: a page looks the same on every machine. */
const fontConfiguration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir></fontconfig>
`;

/**
 * Unpacks the Chromium of `@sparticuz/chromium`, once for each version.
 *
 * The package's own way unpacks into the temporary folder and takes what lies there already, whoever
 * put it there. Here it is a folder that is as trustworthy as the package itself, and appears there
 * whole: any number of processes may ask at once.
 *
 * It brings the libraries that a bare container lacks. Its libsoftokn3 would need SQLite, which is
 * not among them: a page with TLS is not for this browser.
 *
 * @throws Error on other machines than Linux on x64, unless CZAR_CHROMIUM names a Chromium.
 */
export async function unpackChromium(): Promise<UnpackedChromium> {
  const { CZAR_CHROMIUM: own } = process.env;
  if (own !== undefined) return { executable: own, environment: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `the browser tests have a Chromium for linux on x64 only, not for ${process.platform} on ${process.arch}: name one in CZAR_CHROMIUM`,
    );
  }
  const { version } = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as {
    version: string;
  };
  const folder = join(cache, version);
  if (!(await isThere(folder))) await unpackTo(folder);
  return {
    executable: join(folder, 'chromium'),
    environment: {
      HOME: join(folder, 'home'),
      LD_LIBRARY_PATH: join(folder, 'lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    },
  };
}

async function unpackTo(folder: string): Promise<void> {
  const draft = `${folder}-${randomUUID()}`;
  await mkdir(join(draft, 'home'), { recursive: true });
  await Promise.all([
    inflate('chromium.br', createWriteStream(join(draft, 'chromium'), { mode: 0o755 })),
    inflateTar('al2023.tar.br', draft),
    inflateTar('fonts.tar.br', draft),
  ]);
  await writeFile(join(draft, 'fonts.conf'), fontConfiguration);
  try {
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was faster; what it unpacked is the same.
    if (!(await isThere(folder))) throw error;
  }
}

const inflate = (name: string, to: NodeJS.WritableStream): Promise<void> =>
  pipeline(createReadStream(join(packed, 'bin', name)), createBrotliDecompress(), to);

async function inflateTar(name: string, folder: string): Promise<void> {
  const entries = extract();
  const written = (async () => {
    for await (const entry of entries) {
      const path = join(folder, entry.header.name);
      if (entry.header.type === 'file') {
        await mkdir(dirname(path), { recursive: true });
        await pipeline(entry, createWriteStream(path, { mode: entry.header.mode }));
      } else entry.resume();
    }
  })();
  await Promise.all([inflate(name, entries), written]);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
