import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import config from '../../vitest.config.ts';
import { filesOfOwnProcess, otherTests, needsOwnProcess } from './own-process.ts';
import { changedSince, processState } from './process-state.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('a process of its own', () => {
  it.each([
    'const ec2 = mockClient(EC2Client);',
    "vi.mock('node:fs');",
    "vi.doMock('node:fs', () => ({}));",
    'vi.resetModules();',
    "vi.spyOn(console, 'log');",
    "vi\n  .spyOn(console, 'log');",
    "vi.stubEnv('AWS_REGION', 'us-east-1');",
    "vi.stubGlobal('fetch', request);",
    'vi.useFakeTimers();',
    'process.chdir(folder);',
    'process.umask(0o077);',
    "process.env.CZAR_STATE = 'x';",
    "process.env['CZAR_STATE'] ??= 'x';",
    'delete process.env.CZAR_STATE;',
    "Object.assign(process.env, { CZAR_STATE: 'x' });",
    'globalThis.fetch = request;',
  ])('is for a file with %j', (source) => {
    expect(needsOwnProcess(source)).toBe(true);
  });

  it.each([
    'const asked = vi.fn();',
    'const { PATH } = process.env;',
    "if (process.env.PATH === '') return;",
    'spawn(node, { env: { ...process.env, CZAR_ROOT: root } });',
  ])('is not for a file with %j', (source) => {
    expect(needsOwnProcess(source)).toBe(false);
  });

  it('is for a file that imports one which needs it', () => {
    const files = filesOfOwnProcess(root);

    // Its laptop stubs the environment.
    expect(files).toContain('test/client/upload/scan-files.test.ts');
    expect(files).not.toContain('test/workflow/model/keys.test.ts');
  });
});

describe('the unit tests', () => {
  it('are each in one of the two projects, which between them have them all', () => {
    const runBy = (name: string): string[] => {
      const { include = [], exclude = [] } = config
        .test!.projects!.map((project) => (project as { test: Tests }).test)
        .find((test) => test.name === name)!;
      return globSync(include, { cwd: root, exclude });
    };
    interface Tests {
      readonly name: string;
      readonly include?: string[];
      readonly exclude?: string[];
    }

    const [shared, own] = [runBy('unit'), runBy('unit-alone')];

    const all = globSync('test/**/*.test.ts', {
      cwd: root,
      exclude: [...otherTests],
    });
    expect([...shared, ...own].sort()).toEqual(all.sort());
    expect(own.sort()).toEqual(filesOfOwnProcess(root));
  });
});

describe('a shared process', () => {
  it('is as it was where nothing touched it', () => {
    expect(changedSince(processState())).toEqual([]);
  });

  it.each([
    ['environment', () => vi.stubEnv('CZAR_TEST_LEFT', 'x')],
    ['fetch', () => vi.stubGlobal('fetch', vi.fn())],
    ['fakeTime', () => vi.useFakeTimers()],
    [
      'exitCode',
      () => {
        process.exitCode = 3;
      },
    ],
  ])('is seen to be left with another %s', (name, change) => {
    const before = processState();
    const { exitCode } = process;

    change();

    const changed = changedSince(before);
    process.exitCode = exitCode;
    expect(changed).toContain(name);
  });
});
