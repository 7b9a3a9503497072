import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sha256 } from './test-cloud.ts';
import { accountId, region } from './worker-template.ts';

/** Tells what it was called with, as the real agent never would. */
const fakeNode = `#!/bin/bash
echo "node: $*"
echo "root: $CZAR_ROOT"
echo "scratch: $TMPDIR"
`;

/** Small stand-ins of the three files that a worker gets from S3A. */
export const artifacts = {
  node: Buffer.from(fakeNode),
  engine: tar({ 'node_modules/engine/package.json': '{"name":"engine"}' }),
  agent: tar({ 'agent.mjs': '// the agent', 'pipelines/some/process.mjs': '// a pipeline' }),
};

export type Artifacts = typeof artifacts;

/** The artifacts as S3A keeps them: by digest. */
export function inS3A(files: Artifacts): Record<string, Buffer> {
  return Object.fromEntries(
    Object.values(files).map((file) => [`artifacts/sha256/${sha256(file)}`, file]),
  );
}

const bootScript = new URL('../../../../stacks/user-data/worker-boot.sh', import.meta.url);

/** The real boot script, with its values where the launch template has them. */
export function workerBoot(files: Artifacts): string {
  const [shebang, ...script] = readFileSync(bootScript, 'utf8').split('\n');
  const values = Object.entries({
    CZAR_STUDY: 'czarhipaa',
    CZAR_REGION: region,
    CZAR_INPUT_BUCKET: 's3d',
    CZAR_RESULT_BUCKET: 's3o',
    CZAR_ANCILLARY_BUCKET: 's3a',
    CZAR_LEDGER_TABLE: 'ledger',
    CZAR_DATA_KEY_ARN: `arn:aws:kms:${region}:${accountId}:key/data`,
    CZAR_NODE_SHA256: sha256(files.node),
    CZAR_ENGINE_SHA256: sha256(files.engine),
    CZAR_AGENT_SHA256: sha256(files.agent),
  }).map(([name, value]) => `${name}='${value}'`);
  return [shebang, ...values, ...script].join('\n');
}

function tar(files: Readonly<Record<string, string>>): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'czar-tar-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const [...names] = Object.keys(files);
    const out = `${directory}.tar`;
    execFileSync('tar', ['--create', '--file', out, '--directory', directory, ...names]);
    const bytes = readFileSync(out);
    rmSync(out);
    return bytes;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
