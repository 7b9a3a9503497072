import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { bundleAgent, bundlePoller, root } from './bundles.ts';
import type { CzarConfig } from './config.ts';
import { listFiles, type PackedFile, writeTar } from './deterministic-tar.ts';
import { platformModules } from './platform-modules.ts';
import { replaceFile } from './replace-file.ts';

/** A file that machines get from S3A by its digest. */
export interface Artifact {
  readonly path: string;
  /** Digest of the file, in hex: its name in S3A. */
  readonly sha256: string;
}

/** All the software that a worker runs and Amazon Linux 2023 does not bring. */
export interface WorkerArtifacts {
  /** The node binary itself. */
  readonly node: Artifact;
  /** Tar of `node_modules/` with the pipelines' native engine. */
  readonly engine: Artifact;
  /** Tar of `agent.mjs` and `pipelines/`. */
  readonly agent: Artifact;
}

/** The software of a study's machines: the workers', and E's. */
export interface StudyArtifacts extends WorkerArtifacts {
  /** Tar of the poller's `agent.mjs`; only where the study has sensor ingest. */
  readonly poller?: Artifact;
}

const directory = join(root, 'dist', 'artifacts');

/** Builds the software that a study's configuration asks for. */
export async function buildArtifacts({
  workerPlatform,
  ingest,
}: Pick<CzarConfig, 'workerPlatform' | 'ingest'>): Promise<StudyArtifacts> {
  const [worker, poller] = await Promise.all([
    buildWorkerArtifacts(workerPlatform),
    ingest ? buildPollerArtifact() : undefined,
  ]);
  return { ...worker, poller };
}

/** Builds E's poller: JavaScript, the same on every platform. */
async function buildPollerArtifact(): Promise<Artifact> {
  const outDirectory = join(directory, 'workbench');
  await mkdir(outDirectory, { recursive: true });
  return packed(
    await bundled(outDirectory, 'poller', bundlePoller),
    join(outDirectory, 'poller.tar'),
  );
}

/**
 * Builds the worker's software for a platform, or takes it from `dist/` where its inputs are what
 * they were.
 *
 * The same sources and lockfile give the same digests on every machine.
 */
async function buildWorkerArtifacts(
  platform: CzarConfig['workerPlatform'],
): Promise<WorkerArtifacts> {
  const outDirectory = join(directory, platform);
  await mkdir(outDirectory, { recursive: true });
  const [{ nodePath, engineFiles }, agentFiles] = await Promise.all([
    findPlatform(platform),
    bundled(outDirectory, 'agent', bundleAgent),
  ]);
  const [node, engine, agent] = await Promise.all([
    digested(nodePath, join(outDirectory, 'node.json')),
    packed(engineFiles, join(outDirectory, 'engine.tar')),
    packed(agentFiles, join(outDirectory, 'agent.tar')),
  ]);
  return { node, engine, agent };
}

async function findPlatform(platform: CzarConfig['workerPlatform']) {
  const { nodePath, engine } = await platformModules(platform);
  const files = await Promise.all(
    engine.map(({ path, name }) => listFiles(path, `node_modules/${name}`)),
  );
  return { nodePath: await realpath(nodePath), engineFiles: files.flat() };
}

/** Two synths at once must not empty each other's directory, so each has its own. */
async function bundled(
  outDirectory: string,
  name: string,
  bundle: (directory: string) => Promise<void>,
): Promise<PackedFile[]> {
  const unfinished = join(outDirectory, `${name}-${randomUUID()}`);
  try {
    await bundle(unfinished);
    const files = await listFiles(unfinished, '.');
    const kept = join(outDirectory, name);
    return await Promise.all(
      files.map(async (file) => {
        const inTar = file.name.slice('./'.length);
        const path = join(kept, inTar);
        await replaceFile(path, await readFile(file.path));
        return { ...file, name: inTar, path, changedAt: (await stat(path)).mtimeMs };
      }),
    );
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Digest of a file, with the size and time of change for which it holds. */
const Digest = z.strictObject({ inputs: z.string(), sha256: z.string() });

async function remembered(path: string, inputs: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const digest = Digest.safeParse(JSON.parse(text));
  return digest.data?.inputs === inputs ? digest.data.sha256 : undefined;
}

async function remember(path: string, digest: z.infer<typeof Digest>): Promise<void> {
  await replaceFile(path, Buffer.from(JSON.stringify(digest)));
}

async function digested(path: string, note: string): Promise<Artifact> {
  const { size, mtimeMs } = await stat(path);
  const inputs = `${path} ${size} ${mtimeMs}`;
  let sha256 = await remembered(note, inputs);
  if (sha256 === undefined) {
    sha256 = await digestOf(path);
    await remember(note, { inputs, sha256 });
  }
  return { path, sha256 };
}

async function packed(files: readonly PackedFile[], path: string): Promise<Artifact> {
  const note = `${path}.json`;
  const inputs = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const known = await remembered(note, inputs);
  if (known !== undefined && (await exists(path))) return { path, sha256: known };
  const unfinished = `${path}.${randomUUID()}`;
  await writeTar(unfinished, files);
  const sha256 = await digestOf(unfinished);
  await rename(unfinished, path);
  await remember(note, { inputs, sha256 });
  return { path, sha256 };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
