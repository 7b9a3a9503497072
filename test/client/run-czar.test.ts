import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { useLaptop } from './laptop.ts';
import { czar, czarProcess } from './run-czar.ts';

const laptop = useLaptop();

describe('czar in the process of a test', () => {
  it('ends and says as the process does', async () => {
    const args = ['--json', 'status', 'John-Doe'];

    expect(await czar(...args)).toEqual(await czarProcess(...args));
  });

  it('is heard whichever way it speaks', async () => {
    laptop.aws.json.answers.GetParameter = () => {
      console.error('canary of console');
      process.emitWarning('canary of a warning');
      process.stderr.write('canary of the stream\n');
      return {};
    };

    const { stderr } = await czar('status');

    for (const way of ['console', 'a warning', 'the stream']) {
      expect(stderr).toContain(`canary of ${way}`);
    }
  });

  it('leaves no listener and no exit code behind', async () => {
    const before = process.listenerCount('SIGINT');

    const { code } = await czar('status', 'John-Doe');

    expect(code).toBe(64);
    expect(process.exitCode).toBeUndefined();
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
