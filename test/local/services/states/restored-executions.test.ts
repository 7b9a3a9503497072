import {
  DescribeExecutionCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, readJournal } from '../../../../local/services/states/journal.ts';
import { containing } from '../lambda/matchers.ts';
import { startOrchestra, type Orchestra } from './orchestra.ts';
import { single } from './workflow-cloud.ts';

let first: Orchestra;
const started: Orchestra[] = [];

async function start(left?: string): Promise<Orchestra> {
  const orchestra = await startOrchestra(left);
  started.push(orchestra);
  return orchestra;
}

beforeEach(async () => {
  first = await start();
});

afterEach(() => Promise.all(started.splice(0).map((orchestra) => orchestra.stop())));

const token = (FunctionName: string) =>
  single({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName, Payload: { token: '{% $states.context.Task.Token %}' } },
  });

async function begin(name: string, definition: object): Promise<string> {
  const stateMachineArn = await first.machine(name, definition);
  const command = new StartExecutionCommand({ stateMachineArn, name: 'run' });
  const { executionArn } = await first.sfn.send(command);
  await first.clock.advance(0);
  return executionArn!;
}

const describeIt = ({ sfn }: Orchestra, executionArn: string) =>
  sfn.send(new DescribeExecutionCommand({ executionArn }));

const journals = ({ cloud }: Orchestra) => {
  const directory = join(cloud.directory, 'states', 'executions');
  return readdirSync(directory).map((name) => join(directory, name));
};

/** Changes lines of the only journal that there is. */
function edit(orchestra: Orchestra, change: (lines: string[]) => string[]): void {
  const [path] = journals(orchestra);
  const lines = readFileSync(path!, 'utf8').trimEnd().split('\n');
  writeFileSync(path!, `${change(lines).join('\n')}\n`);
}

describe('a process over the directory of one that was killed', () => {
  it('goes on with a running execution as soon as its state machine is declared', async () => {
    const arn = await begin('batch', token('launch'));
    const launch = await first.invocation('launch');
    launch.answer('on it');
    await first.clock.advance(0);

    const second = await start(first.cloud.directory);
    await second.machine('batch', token('launch'));
    const taskToken = String(launch.payload.token);
    await second.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '"done"' }));
    await second.clock.advance(0);

    expect(second.invocations).toEqual([]);
    expect(await describeIt(second, arn)).toMatchObject({ status: 'SUCCEEDED', output: '"done"' });
    expect(second.told).toEqual(['SUCCEEDED']);
    expect((await describeIt(first, arn)).status).toBe('RUNNING');
  });

  it('keeps the definition that the execution started with, as AWS does', async () => {
    const arn = await begin('changed', token('launch'));
    await first.invocation('launch');

    const second = await start(first.cloud.directory);
    await second.machine('changed', single({ Type: 'Pass' }));
    const executionArn = arn;
    const { definition } = await second.sfn.send(
      new DescribeStateMachineForExecutionCommand({ executionArn }),
    );

    expect(definition).toBe(JSON.stringify({ QueryLanguage: 'JSONata', ...token('launch') }));
    expect((await second.invocation('launch')).payload).toEqual(
      (await first.invocation('launch')).payload,
    );
  });

  it('knows what ended before, and does not tell the bus again', async () => {
    const arn = await begin('over', single({ Type: 'Pass', Output: { a: 1 } }));
    const before = await describeIt(first, arn);

    const second = await start(first.cloud.directory);
    const stateMachineArn = await second.machine('over', single({ Type: 'Pass' }));
    const { executions } = await second.sfn.send(new ListExecutionsCommand({ stateMachineArn }));
    const { events } = await second.sfn.send(new GetExecutionHistoryCommand({ executionArn: arn }));

    const { $metadata: _metadata, ...description } = before;
    expect(await describeIt(second, arn)).toMatchObject(description);
    expect(executions!.map(({ name }) => name)).toEqual(['run']);
    expect(events!.map(({ type }) => type).at(-1)).toBe('ExecutionSucceeded');
    expect(second.told).toEqual([]);
    await expect(
      second.sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'run' })),
    ).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });
  });

  it('tells the bus of an end that the crash kept from it', async () => {
    const arn = await begin('untold', single({ Type: 'Fail', Error: 'Broken', End: undefined }));
    edit(first, (lines) => lines.slice(0, -1));

    const second = await start(first.cloud.directory);
    await second.machine('untold', single({ Type: 'Pass' }));

    expect(second.told).toEqual(['FAILED']);
    expect((await describeIt(second, arn)).error).toBe('Broken');
  });

  it('leaves alone what belongs to a state machine it does not have', async () => {
    await begin('elsewhere', token('launch'));
    const [path] = journals(first);
    const before = readFileSync(path!);

    const second = await start(first.cloud.directory);
    await second.machine('other', single({ Type: 'Pass' }));

    expect(readFileSync(journals(second)[0]!)).toEqual(before);
    expect(second.told).toEqual([]);
  });

  it('finds the journals closed to everyone else', async () => {
    await begin('closed', single({ Type: 'Pass' }));
    const [path] = journals(first);

    expect(statSync(path!).mode & 0o777).toBe(0o600);
    expect(statSync(join(path!, '..')).mode & 0o777).toBe(0o700);
  });
});

describe('a journal that was damaged', () => {
  it('ends its execution as failed, in everybody’s sight', async () => {
    const arn = await begin('damaged', token('launch'));
    (await first.invocation('launch')).answer('on it');
    await first.clock.advance(0);
    edit(first, (lines) => lines.map((line, i) => (i === 3 ? line.replace('Task', 'Tusk') : line)));

    await first.states.restart();

    const cause = 'The journal was refused: line 4 was changed or is not in its place';
    expect(await describeIt(first, arn)).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause,
    });
    expect(first.told).toEqual(['RUNNING', 'FAILED']);
    expect(journals(first)).toContainEqual(containing('.jsonl.damaged'));
    const later = await start(first.cloud.directory);
    await later.machine('damaged', token('launch'));
    expect(await describeIt(later, arn)).toMatchObject({ status: 'FAILED', cause });
    expect(later.told).toEqual([]);
  });

  it('is an error of the restart when it cannot be read whose it is; the others go on', async () => {
    await begin('lost', token('launch'));
    edit(first, ([start, ...others]) => [start!.replace('run', 'ran'), ...others]);
    const fine = await begin('fine', token('work'));
    const { payload } = await first.invocation('work');

    await expect(first.states.restart()).rejects.toThrow('the record of the start cannot be read');

    const taskToken = String(payload.token);
    await first.sfn.send(new SendTaskSuccessCommand({ taskToken, output: '1' }));
    await first.clock.advance(0);
    expect((await describeIt(first, fine)).status).toBe('SUCCEEDED');
  });
});

describe('a journal that tells of another execution than it leads to', () => {
  it('ends its execution as failed, and asks nothing of anybody', async () => {
    const arn = await begin('other-end', token('launch'));
    (await first.invocation('launch')).answer('on it');
    await first.clock.advance(0);
    const [path] = journals(first);
    const { start: begun, past } = readJournal(path!);
    const elsewhere = await start();
    await elsewhere.machine('other-end', token('launch'));
    const forged = join(elsewhere.cloud.directory, 'states', 'executions', 'forged.jsonl');
    const journal = Journal.create(forged, { ...begun, input: '{"another":"input"}' });
    for (const event of past.events) journal.append({ kind: 'event', event });

    await elsewhere.states.restart();

    expect(await describeIt(elsewhere, arn)).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The journal was refused: event 1 is not the journaled ExecutionStarted',
    });
    expect(elsewhere.invocations).toEqual([]);
    expect(elsewhere.told).toEqual(['RUNNING', 'FAILED']);
  });
});

describe('a journal of a definition that is not run any more', () => {
  it('ends its execution as failed', async () => {
    const arn = await begin('outdated', token('launch'));
    const [path] = journals(first);
    const { start: begun } = readJournal(path!);
    const elsewhere = await start();
    await elsewhere.machine('outdated', token('launch'));
    const forged = join(elsewhere.cloud.directory, 'states', 'executions', 'forged.jsonl');
    Journal.create(forged, { ...begun, definition: '{"StartAt":"Gone"}' });

    await elsewhere.states.restart();

    expect(await describeIt(elsewhere, arn)).toMatchObject({
      status: 'FAILED',
      cause: 'The journal was refused: its definition is not supported',
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'The journal of the execution was refused',
    });
    expect(elsewhere.told).toEqual(['FAILED']);
  });
});
