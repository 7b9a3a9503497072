import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bundleFiles, signatureFile } from '../../../audit/bundle/bundle.ts';
import { zipBundle } from '../../../audit/bundle/zip-bundle.ts';
import { verifyOpened } from '../../../audit/verify/verify-bundle.ts';
import { evidenceKey } from '../../../workflow/model/keys.ts';
import { readScene, type RecordedEvent, sceneNames } from '../scenes/read-scene.ts';
import { compose, textIn } from './compose.ts';

const run = promisify(execFile);

describe.each(sceneNames)('the bundle of the run "%s"', async (name) => {
  const { evidence } = await readScene(name);
  const { record } = evidence;
  const bundle = await compose(evidence);

  it('has the files that a bundle has, and verifies', () => {
    const { passed, checks } = verifyOpened({ container: 'zip', bytes: zipBundle(bundle) });

    expect([...bundle.files.keys()].toSorted()).toEqual(bundleFiles.toSorted());
    expect(checks.filter((each) => !each.passed)).toEqual([]);
    expect(passed).toBe(true);
  });

  it('is named by batch, execution and redrive', () => {
    const { execution, request } = record;

    expect(bundle.name).toBe(
      `evidence-${request.batchId ?? 'none'}-${execution.hash}-${execution.redrives}`,
    );
  });

  it('is the same each time but for its signature', async () => {
    const again = await compose(evidence);

    for (const [path, content] of bundle.files) {
      if (path !== signatureFile) expect(again.files.get(path), path).toEqual(content);
    }
  });

  it('holds the whole record, and the definition to the character', () => {
    const definition = bundle.files.get('data/definition.asl.json')!;

    expect(JSON.parse(textIn(bundle, 'data/record.json'))).toEqual(
      JSON.parse(JSON.stringify(record)),
    );
    expect(createHash('sha256').update(definition).digest('hex')).toBe(
      record.execution.definitionSha256,
    );
  });

  it('tells by the verification what it is evidence of', () => {
    const { run: told, notChecked } = verifyOpened({ container: 'zip', bytes: zipBundle(bundle) });

    expect(told).toMatchObject({
      executionHash: record.execution.hash,
      redrive: record.execution.redrives,
      status: record.execution.status,
      composedBy: 'auditor',
      composedAt: '2026-11-24T08:00:00.000Z',
    });
    expect(notChecked[0]).toContain('who signed');
  });
});

/** Puts a name wherever an event of AWS's can carry what went through the machine. */
function withCanary(event: RecordedEvent): RecordedEvent {
  const canary = 'Zebedee Quagmire';
  const text = JSON.stringify({ patient: canary, TaskToken: canary });
  return Object.fromEntries(
    Object.entries(event).map(([key, details]) => {
      if (!key.endsWith('EventDetails')) return [key, details];
      const own = details as { output?: string; error?: string };
      const output = own.output && JSON.stringify({ ...JSON.parse(own.output), patient: canary });
      return [
        key,
        {
          ...own,
          input: text,
          cause: canary,
          parameters: text,
          output: output ?? text,
          ...(own.error !== undefined && { error: canary }),
        },
      ];
    }),
  ) as RecordedEvent;
}

it.each(sceneNames)(
  'has no word of what went through the machine in the run "%s"',
  async (name) => {
    const { evidence, events } = await readScene(name, withCanary);

    const bundle = await compose(evidence);

    expect(JSON.stringify(events)).toContain('Zebedee');
    expect(JSON.stringify(evidence.events)).toContain('Zebedee');
    for (const [path, content] of bundle.files) {
      const text = Buffer.from(content).toString('latin1');
      expect(/zebedee|quagmire/i.exec(text), path).toBeNull();
      expect(text.includes(Buffer.from('Zebedee').toString('base64').slice(0, 8)), path).toBe(
        false,
      );
    }
    expect(verifyOpened({ container: 'zip', bytes: zipBundle(bundle) }).passed).toBe(true);
  },
);

it('passes sha512sum -c, for the lists and for the payload', async () => {
  const bundle = await compose((await readScene('success')).evidence);
  const folder = await mkdtemp(join(tmpdir(), 'czar-bag-'));
  for (const [path, content] of bundle.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }

  for (const list of ['manifest-sha512.txt', 'tagmanifest-sha512.txt']) {
    const { stdout } = await run('sha512sum', ['--strict', '-c', list], { cwd: folder });
    expect(stdout.trim().split('\n')).toHaveLength(list.startsWith('tag') ? 4 : 13);
  }
  await writeFile(join(folder, 'data/mails.csv'), 'execution\r\n');
  await expect(run('sha512sum', ['-c', 'manifest-sha512.txt'], { cwd: folder })).rejects.toThrow(
    /mails\.csv|WARNING/,
  );

  await rm(folder, { recursive: true });
});

it('is not composed of an execution that runs', async () => {
  const { evidence } = await readScene('success');
  const { record } = evidence;
  const execution = { ...record.execution, status: 'RUNNING' as const };

  await expect(compose({ ...evidence, record: { ...record, execution } })).rejects.toThrow(
    'the execution has not ended',
  );
});

it('says that no access log was read, and by whom it was composed', async () => {
  const { evidence } = await readScene('success');
  const record = { ...evidence.record, access: undefined };

  const bundle = await compose({ ...evidence, record }, { writtenBy: 'lifecycle' });

  expect(textIn(bundle, 'bag-info.txt')).toContain('Access-Log: none was read\n');
  expect(textIn(bundle, 'bag-info.txt')).toContain('Composed-By: lifecycle\n');
  expect(textIn(bundle, 'data/access.csv').split('\r\n')).toHaveLength(2);
  const { passed, notChecked } = verifyOpened({ container: 'zip', bytes: zipBundle(bundle) });
  expect(passed).toBe(true);
  expect(notChecked.some((each) => each.startsWith('who did what'))).toBe(true);
});

it('goes without the graph where it cannot be drawn, and takes no other evidence with it', async () => {
  const { evidence } = await readScene('refused');
  const definition = { StartAt: 'Other', States: { Other: { Type: 'Succeed' } } };
  const text = JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
  const definitionSha256 = createHash('sha256').update(text).digest('hex');
  const { record } = evidence;
  const execution = { ...record.execution, definitionSha256 };

  const bundle = await compose({
    ...evidence,
    definition: JSON.parse(text),
    definitionText: text,
    record: { ...record, execution },
  });

  expect(bundle.files.has('data/graph.svg')).toBe(false);
  expect(textIn(bundle, 'data/report.html')).toContain('The graph cannot be drawn');
  expect(verifyOpened({ container: 'zip', bytes: zipBundle(bundle) }).passed).toBe(true);
});

it('stands in S3L by study, batch, execution and redrive', () => {
  const place = { study: 'czarhipaa', executionHash: 'aabbccddeeff', redrive: 2 };

  expect(evidenceKey({ ...place, batchId: 'bcdfghjkw' })).toBe(
    'evidence/v1/czarhipaa/bcdfghjkw/aabbccddeeff-2.zip',
  );
  expect(evidenceKey(place)).toBe('evidence/v1/czarhipaa/none/aabbccddeeff-2.zip');
});
