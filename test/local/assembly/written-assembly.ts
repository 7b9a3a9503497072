import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface WrittenStack {
  readonly template: object;
  readonly dependencies?: readonly string[];
  readonly parameters?: Record<string, string>;
  readonly tags?: Record<string, string>;
}

/** Writes a cloud assembly as `cdk synth` would, with these stacks; answers its folder, gone after the test. */
export async function writeAssembly(
  stacks: Readonly<Record<string, WrittenStack>>,
  options: {
    readonly files?: object;
    readonly dockerImages?: object;
    readonly artifacts?: object;
  } = {},
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'assembly-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const artifacts: Record<string, unknown> = {
    Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    ...options.artifacts,
  };
  if (options.files !== undefined || options.dockerImages !== undefined) {
    artifacts.Assets = { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } };
    const { files = {}, dockerImages = {} } = options;
    await writeFile(
      join(directory, 'assets.json'),
      JSON.stringify({ version: '1', files, dockerImages }),
    );
  }
  for (const [name, stack] of Object.entries(stacks)) {
    const templateFile = `${name}.template.json`;
    await writeFile(join(directory, templateFile), JSON.stringify(stack.template));
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      environment: 'aws://unknown-account/unknown-region',
      properties: {
        templateFile,
        validateOnSynth: false,
        parameters: stack.parameters ?? {},
        tags: stack.tags ?? {},
      },
      dependencies: stack.dependencies ?? [],
      displayName: name,
    };
  }
  await mkdir(join(directory, 'asset.one'), { recursive: true });
  await writeFile(
    join(directory, 'manifest.json'),
    JSON.stringify({ version: '48.0.0', artifacts }),
  );
  return directory;
}
