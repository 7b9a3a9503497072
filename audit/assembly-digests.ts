import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { EvidenceError } from './evidence-error.ts';

const Digest = z.strictObject({ name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/**
 * Digests of a cloud assembly: of each template, and of each bundle that it deploys.
 *
 * A bundle of one file has that file's digest; one of several has the digest of the lines that
 * `sha256sum` writes for them, sorted by path. They say what was synthesized. That it is what was
 * deployed is for whoever compares the templates.
 */
export const AssemblyDigests = z.strictObject({
  templates: z.array(Digest),
  bundles: z.array(Digest),
});
export type AssemblyDigests = z.infer<typeof AssemblyDigests>;

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string().optional() }).optional(),
    }),
  ),
});

/** Digests the templates and bundles of a cloud assembly, in the order of their names. */
export async function digestAssembly(directory: string): Promise<AssemblyDigests> {
  const found: unknown = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8'));
  const manifest = Manifest.safeParse(found).data;
  if (manifest === undefined) throw new EvidenceError('manifest.json is of no cloud assembly');
  const templates = Object.values(manifest.artifacts).flatMap(({ type, properties }) =>
    type === 'aws:cloudformation:stack' ? (properties?.templateFile ?? []) : [],
  );
  const entries = await readdir(directory, { withFileTypes: true });
  const bundles = entries.filter(({ name }) => name.startsWith('asset.'));
  return {
    templates: await inOrder(templates, async (name) => digestFile(join(directory, name))),
    bundles: await inOrder(
      bundles.map(({ name }) => name),
      async (name) => digestBundle(join(directory, name)),
    ),
  };
}

async function inOrder(
  names: readonly string[],
  digest: (name: string) => Promise<string>,
): Promise<z.infer<typeof Digest>[]> {
  const found = [];
  for (const name of names.toSorted()) found.push({ name, sha256: await digest(name) });
  return found;
}

async function digestBundle(path: string): Promise<string> {
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
      throw error;
    },
  );
  if (names === undefined) return digestFile(path);
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .toSorted();
  const [only] = files;
  if (only !== undefined && files.length === 1) return digestFile(join(path, only));
  const lines = createHash('sha256');
  for (const file of files) lines.update(`${await digestFile(join(path, file))}  ${file}\n`);
  return lines.digest('hex');
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
