import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../stacks/bundles.ts';
import { leanSdk, withLiteralKeys } from '../../stacks/lean-sdk.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'czar-lean-sdk-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Bundles a module, and answers what it exports and its size. */
async function bundle(source: string, plugins: Plugin[]) {
  const outfile = join(directory, `${randomUUID()}.mjs`);
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: root },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    plugins,
    metafile: true,
  });
  const exported = (await import(outfile)) as Record<string, unknown>;
  return { exported, bytes: Object.values(metafile.outputs)[0]!.bytes };
}

/** A schema as text: lists and traits, with the functions that name other schemas. */
function written(exported: Record<string, unknown>): string {
  return JSON.stringify(exported, (_, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );
}

describe('the SDK in a bundle', () => {
  it('has schemas that say what they said before', async () => {
    const source = `export * from '@aws-sdk/client-s3/dist-es/schemas/schemas_0.js'`;

    const [plain, lean] = await Promise.all([bundle(source, []), bundle(source, [leanSdk])]);

    expect(written(plain.exported)).toContain('"httpHeader":"x-amz-server-side-encryption"');
    expect(written(lean.exported) === written(plain.exported)).toBe(true);
  });

  it('brings the schemas of the commands that are asked for, and no others', async () => {
    const source = `export { TerminateInstances$ } from '@aws-sdk/client-ec2/dist-es/schemas/schemas_0.js'`;

    const [plain, lean] = await Promise.all([bundle(source, []), bundle(source, [leanSdk])]);

    expect(plain.bytes / lean.bytes).toBeGreaterThan(20);
  });
});

describe('a computed key', () => {
  it('is written as the constant that it names', () => {
    const source = 'const _x = "xmlName";\nexport var S$ = [3, { [_x]: _y, [_z]: 1 }, [_x]];';

    expect(withLiteralKeys(source)).toBe(
      'const _x = "xmlName";\nexport var S$ = [3, { "xmlName": _y, [_z]: 1 }, [_x]];',
    );
  });
});
