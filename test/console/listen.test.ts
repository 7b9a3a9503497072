import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type ListeningConsole } from '../../console/listen.ts';
import { recordedStudy } from './recorded-study.ts';

const study = await recordedStudy();
let running: ListeningConsole | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

describe('a console that listens', () => {
  it('answers on 127.0.0.1 at the address that it tells, and follows it in by its cookie', async () => {
    running = await listen({ sources: study.sources(), port: 0 });
    const address = new URL(running.address);

    const entered = await fetch(address, { redirect: 'manual' });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(new URL('/runs', address), { headers: { cookie } });

    expect(address.hostname).toBe('127.0.0.1');
    expect(address.searchParams.get('token')).toMatch(/^[\w-]{43}$/);
    expect(cookie).not.toContain(address.searchParams.get('token'));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<h1>Runs</h1>');
  });

  it('answers at no other address of this machine', async () => {
    running = await listen({ sources: study.sources(), port: 0 });
    const { port } = new URL(running.address);
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map((each) => each.address);

    for (const host of [...others, '127.0.0.2']) {
      await expect(fetch(`http://${host}:${port}/`)).rejects.toThrow();
    }
  });

  it('says in one sentence that a port is taken', async () => {
    running = await listen({ sources: study.sources(), port: 0 });
    const port = Number(new URL(running.address).port);

    const second = listen({ sources: study.sources(), port });

    await expect(second).rejects.toThrow('the port cannot be used: choose another with --port');
  });

  it('ends though a page still follows a run', async () => {
    running = await listen({ sources: study.sources(), port: 0 });
    const address = new URL(running.address);
    const entered = await fetch(address, { redirect: 'manual' });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const stream = await fetch(new URL('/runs/live', address), { headers: { cookie } });

    await running.close();
    running = undefined;

    await expect(stream.text()).rejects.toThrow();
  });
});
