import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchInterruption } from '../../worker/interruption-notice.ts';
import { until } from './processes.ts';

let stop: () => void = () => undefined;
afterEach(() => stop());

/** A metadata service that answers one status for the notice. */
function metadata(status: () => number) {
  return vi.fn<typeof fetch>((url, init) => {
    const isToken = JSON.stringify(url).includes('/api/token') && init?.method === 'PUT';
    return Promise.resolve(new Response('token', { status: isToken ? 200 : status() }));
  });
}

describe('the watch for an interruption', () => {
  it('tells once when EC2 announces that it takes the instance', async () => {
    const onNotice = vi.fn();
    let status = 404;
    const request = metadata(() => status);
    stop = watchInterruption(onNotice, request, 5);
    await until(() => request.mock.calls.length > 4);
    expect(onNotice).not.toHaveBeenCalled();

    status = 200;
    await until(() => onNotice.mock.calls.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));

    expect(onNotice).toHaveBeenCalledTimes(1);
  });

  it('goes on in silence where no metadata service answers', async () => {
    const onNotice = vi.fn();
    const request = vi.fn<typeof fetch>(() => Promise.reject(new Error('unreachable')));

    stop = watchInterruption(onNotice, request, 5);
    await until(() => request.mock.calls.length > 2);

    expect(onNotice).not.toHaveBeenCalled();
  });
});
