import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countCanariesBelow } from '../../local/demo/search-canaries.ts';
import { machineProcesses } from '../../local/services/ec2/machine-processes.ts';
import { revokeGrants } from '../../tasks/run-grants/run-grants.ts';
import type { ObjectItem } from '../../workflow/model/ledger-items.ts';
import { tagKeys } from '../../workflow/model/tags.ts';
import { type AgentFault, layFaults } from './support/agent-fault.ts';
import { craftBatch } from './support/craft-batch.ts';
import { hurryQueues, trouble, troubleWorkers } from './support/hurt-services.ts';
import { agentOf, claims } from './support/hurt-workers.ts';
import { type BatchEnd, runBatch, until } from './support/run-batch.ts';
import { startStudyCloud, type StudyCloud } from './support/study-cloud.ts';
import { obedientPipeline, synthesizeObedient } from './support/synthesize-obedient.ts';

/** Stands in every object, and nowhere else. */
const canary = 'JaneCanary';

/** What an object makes the pipeline do, and how it is to end. */
const misdeeds: Record<string, Partial<ObjectItem>> = {
  ok: { state: 'DONE', attempts: 1 },
  'wait 200': { state: 'DONE', attempts: 1 },
  'print 2048': { state: 'DONE', attempts: 1 },
  leave: { state: 'DONE', attempts: 1 },
  'leave-session': { state: 'DONE', attempts: 1 },
  daemonize: { state: 'DONE', attempts: 1 },
  hang: {
    state: 'FAILED',
    attempts: 4,
    reason: 'RETRIES_EXHAUSTED',
    pipelineReason: 'KILLED_AT_TIME_LIMIT',
  },
  memory: {
    state: 'FAILED',
    attempts: 4,
    reason: 'RETRIES_EXHAUSTED',
    pipelineReason: 'KILLED_AT_MEMORY_LIMIT',
  },
  'child-memory': {
    state: 'FAILED',
    attempts: 4,
    reason: 'RETRIES_EXHAUSTED',
    pipelineReason: 'KILLED_AT_MEMORY_LIMIT',
  },
  heap: { state: 'FAILED', attempts: 4, reason: 'RETRIES_EXHAUSTED' },
  'exit 1': { state: 'FAILED', attempts: 4, reason: 'RETRIES_EXHAUSTED' },
  'no-result': {
    state: 'FAILED',
    attempts: 1,
    reason: 'PIPELINE_REJECTED',
    pipelineReason: 'OUTPUT_EMPTY',
  },
  link: {
    state: 'FAILED',
    attempts: 1,
    reason: 'PIPELINE_REJECTED',
    pipelineReason: 'OUTPUT_NOT_FILES',
  },
  'reject BAD_ROW': {
    state: 'FAILED',
    attempts: 1,
    reason: 'PIPELINE_REJECTED',
    pipelineReason: 'BAD_ROW',
  },
};
const failures = Object.values(misdeeds).filter(({ state }) => state === 'FAILED').length;

/** Beyond what the SDK's own tries last: seconds where a service answers 503, a dozen where it throttles. */
const troubleSeconds = 12;

const anHour = 3_600_000;

let folder: string;
let study: StudyCloud;
let began: number;
let agentMebibytes: number[];
let refused: ReadonlyMap<string, number>;
let misbehaved: StressedBatch;
let troubled: StressedBatch;
let disowned: StressedBatch;
let skewed: StressedBatch;
let spoilt: StressedBatch;

interface StressedBatch extends BatchEnd {
  readonly batchId: string;
  /** By what each object says. */
  readonly outcomes: readonly (readonly [string, ObjectItem | undefined])[];
}

/** Five batches run side by side in one cloud, each on workers with a trouble of its own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'czar-stress-'));
  const faults = join(folder, 'faults');
  await mkdir(faults);
  const assemblyDirectory = await synthesizeObedient(join(folder, 'assembly'), {
    limits: { processSeconds: 4 },
    faults,
  });
  study = await startStudyCloud({ assemblyDirectory });
  began = Date.now();
  hurryQueues(study.cloud);
  agentMebibytes = [];
  const inTrouble = new Set<string>();
  refused = troubleWorkers(
    study.cloud,
    inTrouble,
    { kms: trouble.throttled, s3: trouble.slowDown },
    troubleSeconds,
  );
  const bad = (...list: AgentFault[]) => ({
    before: (batchId: string) => layFaults(faults, batchId, list),
  });
  [misbehaved, troubled, disowned, skewed, spoilt] = await Promise.all([
    stress(Object.keys(misdeeds), {
      request: { workers: 1, tolerateFailedObjects: failures },
      meanwhile: measureAgents,
    }),
    stress(['ok', 'ok', 'ok', 'ok'], {
      request: { workers: 1 },
      before: (batchId) => Promise.resolve(void inTrouble.add(batchId)),
    }),
    stress(['wait 1500', 'wait 1500', 'wait 1500', 'wait 1500'], {
      meanwhile: revokeInTheMiddle,
    }),
    stress(['ok', 'ok', 'ok', 'ok'], {
      ...bad({ kind: 'clock', milliseconds: anHour }, { kind: 'clock', milliseconds: -anHour }),
    }),
    stress(['ok', 'ok', 'ok', 'ok'], {
      ...bad({ kind: 'disk', code: 'ENOSPC' }, { kind: 'disk', code: 'EROFS' }),
    }),
  ]);
}, 240_000);

afterAll(async () => {
  await study.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a batch of objects that say what is done with them. */
async function stress(
  deeds: readonly string[],
  {
    request = {},
    before = () => Promise.resolve(),
    meanwhile = () => Promise.resolve(),
  }: {
    readonly request?: Readonly<Record<string, unknown>>;
    readonly before?: (batchId: string) => Promise<void>;
    readonly meanwhile?: (batchId: string, hasEnded: () => boolean) => Promise<void>;
  },
): Promise<StressedBatch> {
  const texts = deeds.map((deed) => ({ text: `${deed}\n${canary},36.6\n` }));
  const { batchId, objects } = await craftBatch(study, texts);
  await before(batchId);
  let hasEnded = false;
  const beside = meanwhile(batchId, () => hasEnded);
  const end = await runBatch(study, batchId, { pipeline: obedientPipeline, ...request });
  hasEnded = true;
  await beside;
  const outcomes = objects.map(({ text, objectId }) => {
    const [deed = ''] = text.split('\n');
    return [deed, end.objects.find((object) => object.objectId === objectId)] as const;
  });
  return { ...end, batchId, outcomes };
}

/** Looks at the memory of a batch's agent as long as there is one. */
async function measureAgents(batchId: string, hasEnded: () => boolean): Promise<void> {
  const { fleet } = study.cloud.services.ec2;
  await until(async () => {
    const held = await claims(study, batchId);
    for (const instance of fleet.all().filter(({ instanceId }) => held.has(instanceId))) {
      const status = await readFile(`/proc/${agentOf(instance)}/status`, 'utf8').catch(() => '');
      agentMebibytes.push(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
    }
    return hasEnded() ? true : undefined;
  });
}

/** Takes the key from one of a batch's workers while it has objects in hand, and no data key for results yet. */
async function revokeInTheMiddle(batchId: string): Promise<void> {
  const { cloud, settings } = study;
  const kms = new KMSClient({
    endpoint: cloud.endpoint,
    region: cloud.region,
    credentials: cloud.credentials('TasksRetireWorkerRole', 'test'),
  });
  const holder = await until(async () => [...(await claims(study, batchId)).keys()][0]);
  const instance = cloud.services.ec2.fleet.all().find(({ instanceId }) => instanceId === holder);
  const slot = instance?.tags.instance[tagKeys.worker] ?? '';
  const revoked = await revokeGrants(
    { kms, keyArn: settings.dataKeyArn },
    (name) => name.includes(batchId) && name.endsWith(`/${slot}/1`),
  );
  expect(revoked).toBe(1);
}

const countOf = ({ states }: BatchEnd, name: string): number =>
  states.filter((state) => state === name).length;

const attemptsOf = ({ outcomes }: StressedBatch) =>
  outcomes.map(([, object]) => [object?.state, object?.attempts]);

describe('a pipeline that misbehaves', () => {
  it.each(Object.entries(misdeeds))('%s: ends its object as it should', (deed, expected) => {
    expect(misbehaved.outcomes.find(([told]) => told === deed)?.[1]).toMatchObject(expected);
  });

  it('does not harm the batch, nor the worker: one does it all', () => {
    expect(misbehaved.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(misbehaved.batch).toMatchObject({ state: 'SUCCEEDED' });
    expect(countOf(misbehaved, 'Launch Worker')).toBe(1);
  });

  it('does not make the agent grow, whatever it prints or takes', () => {
    expect(agentMebibytes.length).toBeGreaterThan(10);
    expect(Math.max(...agentMebibytes)).toBeLessThan(300);
  });
});

describe('KMS and S3 in trouble', () => {
  it('are waited out: no object is tried twice, and no worker is replaced', () => {
    expect(refused.get('kms')).toBeGreaterThan(1);
    expect(refused.get('s3')).toBeGreaterThan(1);
    expect(troubled.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(attemptsOf(troubled)).toEqual(Array(4).fill(['DONE', 1]));
    expect(countOf(troubled, 'Launch Worker')).toBe(1);
  });
});

describe('a grant that is revoked in the middle', () => {
  it('ends its worker for good, as whoever revoked it wants; another one does its objects', () => {
    expect(disowned.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(disowned.outcomes.map(([, object]) => object?.state)).toEqual(Array(4).fill('DONE'));
    expect(countOf(disowned, 'Give Up Worker')).toBe(1);
    expect(countOf(disowned, 'Launch Worker')).toBe(2);
  });
});

describe('workers whose clocks are an hour ahead and an hour behind', () => {
  it('process as others do', () => {
    expect(skewed.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(attemptsOf(skewed)).toEqual(Array(4).fill(['DONE', 1]));
    expect(countOf(skewed, 'Launch Worker')).toBe(2);
  });

  it('write the right time into the ledger', () => {
    for (const [, object] of skewed.outcomes) {
      const endedAt = Date.parse(object?.endedAt ?? '');
      expect(endedAt).toBeGreaterThan(began - 60_000);
      expect(endedAt).toBeLessThan(Date.now() + 60_000);
    }
  });
});

describe('workers with a full disk and with one that became read-only', () => {
  it('are replaced before they have used up the tries of an object', () => {
    expect(spoilt.execution).toMatchObject({ status: 'SUCCEEDED' });
    expect(spoilt.outcomes.map(([, object]) => object?.state)).toEqual(Array(4).fill('DONE'));
    expect(countOf(spoilt, 'Retire Worker')).toBe(2);
    expect(countOf(spoilt, 'Launch Worker')).toBe(4);
  });

  it('say what is wrong with them', async () => {
    const { events = [] } = await study.as('operator').sfn.send(
      new GetExecutionHistoryCommand({
        executionArn: spoilt.executionArn,
        includeExecutionData: true,
      }),
    );
    const causes = events.flatMap(({ taskFailedEventDetails: told }) =>
      told?.error === 'WorkerBrokenError' ? (told.cause ?? '') : [],
    );
    expect(causes.toSorted()).toEqual([
      'the scratch volume cannot be used: ENOSPC',
      'the scratch volume cannot be used: EROFS',
    ]);
  });
});

describe('whatever happened', () => {
  it('no process is left', async () => {
    const lines = await Promise.all(
      (await readdir('/proc'))
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    );

    expect(machineProcesses(join(study.directory, 'ec2'))).toEqual([]);
    expect(lines.filter((line) => line.includes(study.directory))).toEqual([]);
  });

  it('no byte of the data is anywhere outside of ciphertext', async () => {
    await study.cloud.flush();

    const { files, found } = await countCanariesBelow(study.directory, [canary]);

    expect(files).toBeGreaterThan(20);
    expect(found).toBe(0);
  });
});
