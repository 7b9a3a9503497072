import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startToyCloud, type ToyCloud } from './toy-cloud.ts';

let cloud: ToyCloud;

beforeEach(async () => {
  cloud = await startToyCloud();
});

afterEach(() => cloud.stop());

async function put(url: string, body: string, method = 'PUT'): Promise<number> {
  const { status } = await fetch(url, { method, ...(method === 'GET' ? {} : { body }) });
  return status;
}

describe('a callback', () => {
  it('takes one PUT without a signature, and no second', async () => {
    const callback = cloud.gateway.callbacks.open();

    const first = await put(callback.url, 'answer');
    const second = await put(callback.url, 'another');

    expect([first, second]).toEqual([200, 403]);
    await expect(callback.answer).resolves.toBe('answer');
  });

  it('takes nothing at another address, by another method, or when it is closed', async () => {
    const callback = cloud.gateway.callbacks.open();
    const other = callback.url.replace(/.$/, (last) => (last === '0' ? '1' : '0'));

    const statuses = [await put(other, 'answer'), await put(callback.url, '', 'GET')];
    callback.close();
    statuses.push(await put(callback.url, 'late'));

    expect(statuses).toEqual([403, 405, 403]);
    await expect(callback.answer).rejects.toThrow(/closed/);
  });
});
