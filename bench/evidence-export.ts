/**
 * Times the evidence of a thousand objects on forty workers: `node bench/evidence-export.ts`.
 *
 * From a recorded run, so without what AWS takes to answer: composing, signing, the zip, writing both to
 * the disk, and verifying both.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { composeBundle } from '../audit/bundle/compose-bundle.ts';
import { zipBundle } from '../audit/bundle/zip-bundle.ts';
import { verifyBundle } from '../audit/verify/verify-bundle.ts';
import { writeBundle } from '../client/evidence/write-bundle.ts';
import { codeAlphabet, mintCode, objectIdLength } from '../workflow/model/code.ts';
import { readScene } from '../test/audit/scenes/read-scene.ts';
import { localSigner } from '../test/support/local-signer.ts';

const count = Number(process.argv[2] ?? 1000);
const { evidence } = await readScene('forty');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const [first] = evidence.record.objects;
if (first === undefined) throw new Error('the recorded run has no object');

/** A number in base 19, so that every id is another one. */
function objectId(index: number): string {
  let rest = index;
  return mintCode(objectIdLength, () => {
    const letter = rest % codeAlphabet.length;
    rest = Math.floor(rest / codeAlphabet.length);
    return letter;
  });
}

const objects = Array.from({ length: count }, (_, index) => ({
  ...(evidence.record.objects[index % evidence.record.objects.length] ?? first),
  objectId: objectId(index),
  sha256: sha256(`in ${index}`),
  result: { bytes: 40_960, sha256: sha256(`out ${index}`) },
}));
const record = { ...evidence.record, objects };
const signer = localSigner();

async function timed<Done>(what: string, work: () => Promise<Done> | Done): Promise<Done> {
  const started = performance.now();
  const done = await work();
  console.log(`${what}: ${Math.round(performance.now() - started)} ms`);
  return done;
}

const folder = await mkdtemp(join(tmpdir(), 'czar-evidence-'));
const began = performance.now();
const bundle = await timed('compose and sign', () =>
  composeBundle({ ...evidence, record }, { signer, writtenBy: 'auditor', now: new Date() }),
);
const zip = await timed('zip', () => zipBundle(bundle));
await timed('write', () => writeBundle(folder, bundle, zip, { folder: true, zip: true }));
console.log(`export in all: ${Math.round(performance.now() - began)} ms`);
const name = join(folder, bundle.name);
const verified = [
  await timed('verify the folder', () => verifyBundle(name)),
  await timed('verify the zip', () => verifyBundle(`${name}.zip`)),
];
await rm(folder, { recursive: true });
console.log(
  `objects: ${count}, workers: ${record.workers.length}, zip: ${zip.length} bytes, verified: ${verified.every(({ passed }) => passed)}`,
);
for (const [path, content] of bundle.files) {
  if (content.length > 100_000) console.log(`  ${path}: ${content.length} bytes`);
}
