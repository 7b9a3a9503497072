import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import * as z from 'zod';
import { replaceFile } from './replace-file.ts';

/** What the last run of esbuild was asked, and the digests of all it read and wrote. */
const Note = z.strictObject({
  options: z.string(),
  files: z.record(z.string(), z.string()),
});
type Note = z.infer<typeof Note>;

/**
 * Bundles, unless every file that went into the last bundles, and they themselves, are what they were.
 *
 * The SDK in thirty functions takes esbuild some four seconds of processor time, and most synths
 * change nothing of it. Digests decide, not times. `makers` are files that say how is bundled and what
 * packages there are, which esbuild does not tell of: the code of plugins, the lockfile.
 */
export async function bundleIfChanged(
  options: BuildOptions & { readonly outdir: string; readonly absWorkingDir: string },
  makers: readonly string[],
): Promise<void> {
  const { outdir, absWorkingDir } = options;
  const notePath = join(outdir, 'bundled.json');
  const asked = JSON.stringify(options);
  if (await isUnchanged(absWorkingDir, await readNote(notePath), asked)) return;
  const { outputFiles, metafile } = await build({ ...options, write: false, metafile: true });
  for (const { path, contents } of outputFiles) await replaceFile(path, contents);
  const files = [
    ...makers,
    // What a plugin makes up has a namespace before its path.
    ...Object.keys(metafile.inputs).filter((path) => !/^[^/]*:/.test(path)),
    ...outputFiles.map(({ path }) => relative(absWorkingDir, path)),
  ];
  const note: Note = { options: asked, files: await digestsOf(absWorkingDir, files) };
  await replaceFile(notePath, Buffer.from(JSON.stringify(note)));
}

async function readNote(path: string): Promise<Note | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Note.safeParse(JSON.parse(text)).data;
}

async function isUnchanged(root: string, note: Note | undefined, asked: string): Promise<boolean> {
  if (note?.options !== asked) return false;
  try {
    const found = await digestsOf(root, Object.keys(note.files));
    return Object.entries(note.files).every(([path, digest]) => found[path] === digest);
  } catch {
    // One of them is gone.
    return false;
  }
}

async function digestsOf(root: string, paths: readonly string[]): Promise<Record<string, string>> {
  const entries = paths.map(async (path) => {
    const bytes = await readFile(resolve(root, path));
    return [path, createHash('sha256').update(bytes).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
