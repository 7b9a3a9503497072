import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { AssetFile } from '../api.ts';
import { AssemblyError } from './assembly-error.ts';
import { Template } from './template.ts';

/** One stack of a cloud assembly. */
export interface AssemblyStack {
  readonly name: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** What `cdk synth` wrote: the only input of the embedded cloud. */
export interface CloudAssembly {
  /** In an order in which each follows everything it depends on. */
  readonly stacks: readonly AssemblyStack[];
  readonly assets: readonly AssetFile[];
}

/** Where an assembly is to be deployed. */
export interface Target {
  readonly accountId: string;
  readonly region: string;
}

const texts = z.record(z.string(), z.string());

const Artifact = z.looseObject({
  type: z.string(),
  dependencies: z.array(z.string()).default([]),
  displayName: z.string().optional(),
  properties: z.unknown().optional(),
});

const StackProperties = z.looseObject({
  templateFile: z.string(),
  stackName: z.string().optional(),
  parameters: texts.default({}),
  tags: texts.default({}),
});

const AssetManifestProperties = z.looseObject({ file: z.string() });

const Manifest = z.looseObject({ version: z.string(), artifacts: z.record(z.string(), Artifact) });

const AssetManifest = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({ path: z.string(), packaging: z.enum(['file', 'zip']) }),
        destinations: z.record(
          z.string(),
          z.looseObject({ bucketName: z.string(), objectKey: z.string() }),
        ),
      }),
    )
    .default({}),
  dockerImages: z.record(z.string(), z.unknown()).default({}),
});

/** Artifacts that describe the construct tree and change nothing of what is deployed. */
const silentTypes = new Set(['cdk:tree', 'cdk:feature-flag-report', 'none']);

async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new AssemblyError(`${path} cannot be read: is this what cdk synth wrote?`, { cause });
  }
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const keys = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const where = [...(issue?.path ?? []), ...keys].map(String).join('.');
  const reason = keys.length > 0 ? 'is not supported' : (issue?.message ?? 'is not as expected');
  throw new AssemblyError(`${path}: ${where}: ${reason}`);
}

function fillPlaceholders(text: string, { accountId, region }: Target): string {
  return text
    .replaceAll('${AWS::AccountId}', accountId)
    .replaceAll('${AWS::Region}', region)
    .replaceAll('${AWS::Partition}', 'aws');
}

async function readAssets(directory: string, file: string, target: Target): Promise<AssetFile[]> {
  const manifest = await readJson(join(directory, file), AssetManifest);
  const [image] = Object.keys(manifest.dockerImages);
  if (image !== undefined)
    throw new AssemblyError(
      `${file}: docker image asset ${image} is not supported by the embedded cloud`,
    );
  return Object.values(manifest.files).flatMap(({ source, destinations }) =>
    Object.values(destinations).map(({ bucketName, objectKey }) => ({
      bucket: fillPlaceholders(bucketName, target),
      key: fillPlaceholders(objectKey, target),
      path: join(directory, source.path),
      packaging: source.packaging,
    })),
  );
}

type Artifacts = z.infer<typeof Manifest>['artifacts'];

/** Names of artifacts such that each follows its dependencies; the assembly's own order where they leave a choice. */
function inDependencyOrder(artifacts: Artifacts): string[] {
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name))
      throw new AssemblyError(`stacks depend on each other: ${[...path, name].join(' -> ')}`);
    if (ordered.has(name)) return;
    for (const dependency of artifacts[name]?.dependencies ?? [])
      visit(dependency, [...path, name]);
    ordered.add(name);
  };
  Object.keys(artifacts).forEach((name) => visit(name, []));
  return [...ordered];
}

/**
 * Reads a cloud assembly: manifest, templates and asset manifests, and nothing else.
 *
 * @throws AssemblyError for what is no assembly, and for nested assemblies, images and template sections that the
 * embedded cloud does not support.
 */
export async function readCloudAssembly(path: string, target: Target): Promise<CloudAssembly> {
  const directory = resolve(path);
  const { artifacts } = await readJson(join(directory, 'manifest.json'), Manifest);
  const stacks: AssemblyStack[] = [];
  const assets: AssetFile[] = [];
  for (const name of inDependencyOrder(artifacts)) {
    const artifact = artifacts[name];
    if (artifact === undefined)
      throw new AssemblyError(`manifest.json: there is no artifact ${name}`);
    if (artifact.type === 'aws:cloudformation:stack') {
      const properties = StackProperties.parse(artifact.properties);
      const { parameters, tags, templateFile, stackName = name } = properties;
      const template = await readJson(join(directory, templateFile), Template);
      stacks.push({ name: stackName, template, parameters, tags });
    } else if (artifact.type === 'cdk:asset-manifest') {
      const { file } = AssetManifestProperties.parse(artifact.properties);
      assets.push(...(await readAssets(directory, file, target)));
    } else if (!silentTypes.has(artifact.type)) {
      throw new AssemblyError(
        `manifest.json: ${name}: ${artifact.type} is not supported by the embedded cloud`,
      );
    }
  }
  return { stacks, assets: withoutRepetition(assets) };
}

/** One file may be an asset of several stacks. */
function withoutRepetition(assets: readonly AssetFile[]): AssetFile[] {
  return [...new Map(assets.map((asset) => [`${asset.bucket}/${asset.key}`, asset])).values()];
}
