import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readTemplate, type TemplateFunction } from './state-machine.ts';

let functions: TemplateFunction[];

beforeAll(async () => {
  ({ functions } = await readTemplate());
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

const tasks = [
  'validate-request',
  'open-batch',
  'notify',
  'launch-worker',
  'await-worker',
  'configure-worker',
  'deliver-key',
  'process',
  'retire-worker',
  'consolidate',
  'terminate-workers',
  'prove-evaporated',
  'close-batch',
  'fail-batch',
  'register-object',
  'sweep',
  'write-evidence',
];

/** Loads a handler as Lambda does, with this environment. */
async function load(task: string, environment: Readonly<Record<string, string>>): Promise<unknown> {
  vi.resetModules();
  vi.stubEnv('AWS_REGION', 'us-east-1');
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return import(`../../tasks/${task}/handler.ts`);
}

describe('the environment that the template gives', () => {
  it('is there for every function', () => {
    expect(functions.map(({ task }) => task).sort()).toEqual([...tasks].sort());
  });

  it.each(tasks)('lets %s start', async (task) => {
    const { environment } = functions.find((found) => found.task === task)!;

    expect(await load(task, environment)).toHaveProperty('handler');
  });

  it.each(tasks.filter((task) => task !== 'await-worker' && task !== 'fail-batch'))(
    'has nothing in it that %s does not demand',
    async (task) => {
      const { environment } = functions.find((found) => found.task === task)!;

      for (const name of Object.keys(environment)) {
        const { [name]: _, ...rest } = environment;
        vi.unstubAllEnvs();
        await expect(load(task, rest)).rejects.toThrow(
          `environment variables missing or wrong: ${name}`,
        );
      }
    },
  );
});
