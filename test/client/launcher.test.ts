import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { useLaptop } from './laptop.ts';
import { jsonLines, startCzar } from './run-czar.ts';

const laptop = useLaptop();

/** Makes the launcher believe that it runs under another Node, or elsewhere. */
function under(version: string, platform: string = process.platform): string[] {
  const script = [
    `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
    `Object.defineProperty(process,'platform',{value:'${platform}'})`,
  ];
  return ['--import', `data:text/javascript,${script.join(';')}`];
}

describe('the launcher', () => {
  it.each(['22.18.0', '24.0.0'])('runs the program under Node %s itself', async (version) => {
    // Where no Node is installed for the platform, only this one can have run it.
    const nodeOptions = under(version, 'sunos');

    const { code, stdout } = await startCzar(['--version'], { nodeOptions }).ended;

    expect([code, stdout]).toEqual([0, '0.1.0\n']);
  });

  it.each(['20.20.2', '22.17.1'])('says what is needed under Node %s', async (version) => {
    const nodeOptions = under(version, 'sunos');

    const { code, stderr } = await startCzar(['--version'], { nodeOptions }).ended;

    expect(code).toBe(69);
    expect(stderr).toContain(`Node 22.18 or later is needed, and this is ${version}.`);
  });

  it('hands over to the Node that npm installed, where it installs one', async () => {
    const nodeOptions = under('20.20.2');

    const { code, stdout } = await startCzar(['bogus', '--json'], { nodeOptions }).ended;

    if (process.platform === 'linux') {
      expect(code).toBe(64);
      expect(jsonLines(stdout)[0]?.error).toBe('usage');
    } else expect(code).toBe(69);
  });

  it('hands Ctrl-C on, once even where the terminal sends it to both', async () => {
    const asked = vi.fn(() => new Promise<never>(() => undefined));
    laptop.aws.json.answers.GetParameter = asked;
    const { child, ended } = startCzar(['status', '--json'], { nodeOptions: under('20.20.2') });
    if (process.platform === 'linux') {
      await vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 20_000 });
    }
    const interruptedAt = performance.now();
    child.kill('SIGINT');
    await sleep(50);
    child.kill('SIGINT');

    const { code } = await ended;

    if (process.platform !== 'linux') return;
    expect(code).toBe(130);
    // It stopped in good order, which takes its time here, and not at once, as after a second Ctrl-C.
    expect(performance.now() - interruptedAt).toBeGreaterThan(2_000);
  });
});
