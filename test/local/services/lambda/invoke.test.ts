import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSmallCloud, type SmallCloud } from './small-cloud.ts';
import { containing, including, matching } from './matchers.ts';

let cloud: SmallCloud;

beforeAll(async () => {
  cloud = await startSmallCloud();
});

afterAll(() => cloud.stop());

/** Invokes as a role that may. */
async function invoke(name: string, event: unknown = {}) {
  const { surroundings, lambda } = cloud;
  const arn = await cloud.role(`${name}-caller`, {
    Action: 'lambda:InvokeFunction',
    Resource: '*',
  });
  const caller = surroundings.principals.roleCaller(arn, 'test');
  const answer = await lambda.invoke(caller, name, JSON.stringify(event));
  return { ...answer, value: JSON.parse(answer.payload) as never };
}

describe('a function', () => {
  it('answers what its handler returns, with the context of a Lambda function', async () => {
    const arn = await cloud.fn(
      'answers',
      `export const handler = async (event, context) => ({
         event, remaining: context.getRemainingTimeInMillis(), ...context,
         requestIdIsText: typeof context.awsRequestId,
       });`,
    );

    const { value, functionError } = await invoke('answers', { a: [1, null] });

    expect(functionError).toBeUndefined();
    expect(value).toMatchObject({
      event: { a: [1, null] },
      functionName: 'answers',
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/answers',
      requestIdIsText: 'string',
    });
    expect((value as { remaining: number }).remaining).toBeGreaterThan(25_000);
  });

  it.each([
    ['nothing', 'undefined', null],
    ['a text', '"x"', 'x'],
    ['a function, which JSON cannot hold', '() => 1', null],
  ])('answers %s', async (_what, expression, expected) => {
    const name = `returns${expression.length}`;
    await cloud.fn(name, `export const handler = async () => ${expression};`);

    const { value } = await invoke(name);

    expect(value).toEqual(expected);
  });

  it('reports what it throws by name, message and trace', async () => {
    await cloud.fn(
      'throws',
      `class WorkerLostError extends Error { name = 'WorkerLostError'; }
       export const handler = async () => { throw new WorkerLostError('worker 3 is gone'); };`,
    );

    const { value, functionError } = await invoke('throws');

    expect(functionError).toBe('Unhandled');
    expect(value).toEqual({
      errorType: 'WorkerLostError',
      errorMessage: 'worker 3 is gone',
      trace: including([matching(/^WorkerLostError: worker 3 is gone$/)]),
    });
  });

  it.each([
    ['a thrown text', `export const handler = async () => { throw 'no'; };`, 'string', 'no'],
    [
      'an error in the background',
      `export const handler = () => new Promise(() => { setTimeout(() => { throw new RangeError('late'); }, 1); });`,
      'RangeError',
      'late',
    ],
    [
      'a rejection that nobody handles',
      `export const handler = () => new Promise(() => { Promise.reject(new Error('lost')); });`,
      'Runtime.UnhandledPromiseRejection',
      'Error: lost',
    ],
    [
      'a result that refers to itself',
      `export const handler = async () => { const a = {}; a.a = a; return a; };`,
      'TypeError',
      containing('circular'),
    ],
    [
      'a bundle that throws while it loads',
      `throw new EvalError('bad start');`,
      'EvalError',
      'bad start',
    ],
    [
      'a bundle that is no JavaScript',
      `export const handler = ;`,
      'Runtime.UserCodeSyntaxError',
      containing('SyntaxError'),
    ],
    [
      'a handler that is not exported',
      `export const other = 1;`,
      'Runtime.HandlerNotFound',
      'index.handler is undefined or not exported',
    ],
  ])('reports %s', async (what, source, errorType, errorMessage) => {
    const name = what.replaceAll(/\W/g, '');
    await cloud.fn(name, source);

    const { value } = await invoke(name);

    expect(value).toMatchObject({ errorType, errorMessage });
  });

  it('is cut when its time is up, and runs in a fresh process after that', async () => {
    await cloud.fn(
      'late',
      `export const handler = async ({ wait }) => { if (wait) await new Promise(() => { setInterval(() => {}, 1000); }); return process.pid; };`,
      { Timeout: 1 },
    );
    const { value: before } = await invoke('late');

    const cut = await invoke('late', { wait: true });
    const { value: after } = await invoke('late');

    expect(cut.value).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: matching(
        /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
      ),
    });
    expect(after).not.toBe(before);
  });

  it('is cut even in a loop that never lets go of the processor', async () => {
    await cloud.fn('spins', `export const handler = async () => { for (;;); };`, { Timeout: 1 });

    const { value } = await invoke('spins');

    expect(value).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  it.each([
    ['process.exit(7)', 'Runtime exited with error: exit status 7'],
    ['process.exit(0)', 'Runtime exited without providing a reason'],
    [`process.kill(process.pid, 'SIGKILL')`, 'Runtime exited with error: signal: SIGKILL'],
  ])('that ends its process by %s is reported as such', async (statement, how) => {
    const name = `exit${statement.length}`;
    await cloud.fn(
      name,
      `export const handler = async () => { ${statement}; await new Promise(() => {}); };`,
    );

    const { value, functionError } = await invoke(name);

    expect(functionError).toBe('Unhandled');
    expect(value).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: matching(new RegExp(`Error: ${how.replaceAll('.', '\\.')}$`)),
    });
  });

  it('cannot answer more than 6 MB', async () => {
    await cloud.fn('large', `export const handler = async ({ size }) => 'x'.repeat(size);`);
    const limit = 6 * 1024 * 1024;

    const fits = await invoke('large', { size: limit - 2 });
    const exceeds = await invoke('large', { size: limit });

    expect(fits.functionError).toBeUndefined();
    expect(exceeds.value).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  it('keeps its process and what it loaded for the next event', async () => {
    await cloud.fn('warm', `let n = 0; export const handler = async () => [process.pid, ++n];`);

    const first = await invoke('warm');
    const second = await invoke('warm');

    expect(second.value).toEqual([(first.value as number[])[0], 2]);
  });

  it('has a process of its own for each event at the same time', async () => {
    await cloud.fn(
      'parallel',
      `globalThis.seen ??= []; export const handler = async (event) => {
         globalThis.seen.push(event.id); await new Promise((r) => setTimeout(r, 300));
         return { pid: process.pid, seen: globalThis.seen };
       };`,
    );

    const answers = await Promise.all(['a', 'b', 'c'].map((id) => invoke('parallel', { id })));

    const values = answers.map(({ value }) => value as { pid: number; seen: string[] });
    expect(new Set(values.map(({ pid }) => pid)).size).toBe(3);
    expect(values.map(({ seen }) => seen)).toEqual([['a'], ['b'], ['c']]);
  });

  it('is throttled beyond its reserved concurrency', async () => {
    await cloud.fn(
      'reserved',
      `export const handler = async () => new Promise((r) => setTimeout(r, 300));`,
      { ReservedConcurrentExecutions: 1 },
    );

    const [first, second] = await Promise.allSettled([invoke('reserved'), invoke('reserved')]);

    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({
      status: 'rejected',
      reason: { code: 'TooManyRequestsException', status: 429 },
    });
  });

  it('may be a CommonJS module, and code that stands in the template', async () => {
    await cloud.declare('AWS::Lambda::Function', 'Inline', {
      FunctionName: 'inline',
      Code: { ZipFile: 'exports.handler = async () => typeof require;' },
      Handler: 'index.handler',
      Role: await cloud.role('inline-role'),
      Runtime: 'nodejs22.x',
      Timeout: 30,
    });

    const { value } = await invoke('inline');

    expect(value).toBe('function');
  });

  it('leaves no process and no temporary file behind when Lambda stops', async () => {
    const own = await startSmallCloud();
    await own.fn(
      'leaves',
      `import { spawn } from 'node:child_process';
       import { writeFileSync } from 'node:fs';
       import { join } from 'node:path';
       import { tmpdir } from 'node:os';
       export const handler = async () => {
         writeFileSync(join(tmpdir(), 'left'), 'x');
         const child = spawn('sleep', ['60'], { stdio: 'inherit' });
         return [process.pid, child.pid];
       };`,
    );
    const role = await own.role('caller', { Action: 'lambda:InvokeFunction', Resource: '*' });
    const caller = own.surroundings.principals.roleCaller(role, 'test');
    const { payload } = await own.lambda.invoke(caller, 'leaves', '{}');

    await own.lambda.stop?.();

    await vi.waitFor(() => expect((JSON.parse(payload) as number[]).filter(isRunning)).toEqual([]));
    expect(own.lambda.processes()).toEqual([]);
    expect(readdirSync(join(own.directory, 'lambda', 'tmp'))).toEqual([]);
    await own.stop();
  });

  it('ends with the process that started it, however that ends', async () => {
    const own = await startSmallCloud();
    await own.fn('orphan', `export const handler = async () => process.ppid;`);
    const environment = { ...process.env, DIRECTORY: own.directory };
    const host = spawn(process.execPath, ['--input-type=module', '-e', orphanHost], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(host.stdout, 'data')) as [Buffer];
    const sandbox = Number(line.toString());

    host.kill('SIGKILL');

    await vi.waitFor(() => expect(isRunning(sandbox)).toBe(false), 3000);
    await own.stop();
  });
});

/** Starts one sandbox and prints its process id. */
const orphanHost = `
  import { SandboxProcess } from '${new URL('../../../../local/services/lambda/sandbox-process.ts', import.meta.url).href}';
  const sandbox = new SandboxProcess({ cwd: process.env.DIRECTORY, env: {} });
  sandbox.onReport = () => console.log(sandbox.pid);
  sandbox.order({ type: 'load', taskRoot: process.env.DIRECTORY + '/assets/orphan', handler: 'index.handler', logFormat: 'Text' });
`;

/** A process that was killed stays in the table until its parent took notice. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !readFileSync(stat, 'utf8').includes(') Z ');
}
