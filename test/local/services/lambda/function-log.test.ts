import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSmallCloud, type LogLine, type SmallCloud } from './small-cloud.ts';
import { anyText, containing, matching, partly } from './matchers.ts';

let cloud: SmallCloud;

beforeAll(async () => {
  cloud = await startSmallCloud();
});

afterAll(() => cloud.stop());

async function run(name: string, event: unknown = {}): Promise<LogLine[]> {
  const before = cloud.logs.length;
  const role = await cloud.role('caller', { Action: 'lambda:InvokeFunction', Resource: '*' });
  const caller = cloud.surroundings.principals.roleCaller(role, 'test');
  await cloud.lambda.invoke(caller, name, JSON.stringify(event));
  return cloud.logs.slice(before);
}

describe('the log of a function', () => {
  it('has what the function wrote, in order, between the lines of Lambda', async () => {
    await cloud.fn(
      'writes',
      `export const handler = async () => {
         console.log('one', { a: 1 }); process.stdout.write('two\\n'); console.error('three\\nlines');
         process.stdout.write('no end');
       };`,
    );

    const lines = await run('writes');

    const id = /RequestId: (\S+)/.exec(lines[0]!.message)![1]!;
    expect(lines.map(({ message }) => message)).toEqual([
      `START RequestId: ${id} Version: $LATEST`,
      matching(new RegExp(`^\\d{4}-.+Z\\t${id}\\tINFO\\tone { a: 1 }$`)),
      'two',
      matching(new RegExp(`\\t${id}\\tERROR\\tthree\\rlines$`)),
      'no end',
      `END RequestId: ${id}`,
      matching(
        new RegExp(
          `^REPORT RequestId: ${id}\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB\\tMax Memory Used: [1-9]\\d+ MB\\tInit Duration: [\\d.]+ ms\\t$`,
        ),
      ),
    ]);
    expect(new Set(lines.map(({ group }) => group))).toEqual(new Set(['/aws/lambda/writes']));
  });

  it('has all of a long output before the end of the invocation', async () => {
    await cloud.fn(
      'long',
      `export const handler = async () => { for (let i = 0; i < 20000; i += 1) console.log(i, 'x'.repeat(50)); };`,
    );

    const lines = await run('long');

    expect(lines).toHaveLength(20_003);
    expect(lines.at(-3)!.message).toContain('\t19999 x');
    expect(lines.at(-1)!.message).toMatch(/^REPORT/);
  });

  it('is JSON where the function declares that, in the group it declares', async () => {
    await cloud.fn('json', `export const handler = async () => { console.warn('careful'); };`, {
      LoggingConfig: { LogFormat: 'JSON', LogGroup: 'tasks' },
    });

    const lines = await run('json');

    const records = lines.map(({ message }) => JSON.parse(message) as Record<string, unknown>);
    expect(records).toEqual([
      partly({ type: 'platform.start' }),
      {
        level: 'WARN',
        message: 'careful',
        requestId: anyText,
        timestamp: anyText,
      },
      partly({
        type: 'platform.report',
        record: partly({ status: 'success' }),
      }),
    ]);
    expect(lines[0]!.group).toBe('tasks');
  });

  it('tells of a timeout and of a process that ended', async () => {
    await cloud.fn(
      'dies',
      `export const handler = async ({ how }) => { if (how === 'exit') process.exit(3); for (;;); };`,
      { Timeout: 2 },
    );

    const exited = await run('dies', { how: 'exit' });
    const late = await run('dies', { how: 'spin' });

    expect(exited.at(-1)!.message).toMatch(/\tStatus: error\t$/);
    expect(late.map(({ message }) => message)).toContainEqual(
      containing('Task timed out after 2.00 seconds'),
    );
    expect(late.at(-1)!.message).toMatch(/\tStatus: timeout\t$/);
  });
});
