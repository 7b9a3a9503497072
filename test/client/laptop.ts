import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { type Deployment, openDeployment } from '../../client/deployment.ts';
import type { Output } from '../../client/output.ts';
import { scanFiles } from '../../client/upload/scan-files.ts';
import {
  uploadBatch,
  type UploadOptions,
  type UploadResult,
} from '../../client/upload/upload-batch.ts';
import { FakeAws } from './fake-aws/fake-aws.ts';
import { batchId } from './fake-aws/study.ts';

/** What a command told, as fields. */
export class RecordedOutput implements Output {
  readonly events: Record<string, unknown>[] = [];
  readonly results: Record<string, unknown>[] = [];
  readonly texts: string[] = [];

  result(value: Readonly<Record<string, unknown>>, text: string): void {
    this.results.push({ ...value });
    this.texts.push(text);
  }

  early(text: string): void {
    this.texts.push(text);
  }

  entry(list: string, value: Readonly<Record<string, unknown>>, text: string): void {
    this.results.push({ [list]: value });
    this.texts.push(text);
  }

  event(event: string, fields: Readonly<Record<string, unknown>>, sentence: string): void {
    this.events.push({ event, ...fields });
    this.texts.push(sentence);
  }

  progress(event: string, fields: Readonly<Record<string, unknown>>, sentence: string): void {
    this.event(event, fields, sentence);
  }
}

/** A machine with files and a state folder, and a deployment that it reaches; new for each test. */
export interface Laptop {
  aws: FakeAws;
  deployment: Deployment;
  /** Folder of everything of this test. */
  root: string;
  output: RecordedOutput;
  path: (name: string) => string;
  write: (name: string, content: string | Buffer) => string;
  upload: (
    paths: readonly string[],
    options?: Partial<Omit<UploadOptions, 'files'>>,
  ) => Promise<UploadResult>;
  /** The lines of the batch's journal. */
  journal: () => Record<string, unknown>[];
  journalPath: () => string;
  spoolPath: () => string;
}

/** Gives each test of a file a laptop of its own. */
export function useLaptop(): Laptop {
  const laptop = {} as Laptop;
  beforeEach(async () => {
    laptop.aws = await FakeAws.start();
    laptop.root = mkdtempSync(join(tmpdir(), 'czar-test-'));
    laptop.output = new RecordedOutput();
    const state = join(laptop.root, 'state');
    for (const [name, value] of Object.entries(laptop.aws.environment)) vi.stubEnv(name, value);
    vi.stubEnv('CZAR_STATE', state);
    // Only czar's own tries, which the tests make quick.
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    laptop.deployment = await openDeployment('czarhipaa');
    laptop.path = (name) => join(laptop.root, 'files', name);
    laptop.write = (name, content) => {
      const path = laptop.path(name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    };
    laptop.upload = async (paths, options = {}) => {
      const { files } = await scanFiles(paths);
      const defaults = { batchId, parallel: 4, allowDuplicates: false, pauseMs: 1 };
      const signal = new AbortController().signal;
      return uploadBatch(
        laptop.deployment,
        { ...defaults, signal, ...options, files },
        laptop.output,
      );
    };
    const folder = (): string => join(state, `czarhipaa-${batchId}`);
    laptop.journalPath = () => join(folder(), 'journal.jsonl');
    laptop.spoolPath = () => join(folder(), 'spool');
    laptop.journal = () =>
      readFileSync(laptop.journalPath(), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
  });
  afterEach(() => {
    laptop.aws.stop();
    rmSync(laptop.root, { recursive: true, force: true });
    vi.unstubAllEnvs();
  });
  return laptop;
}
