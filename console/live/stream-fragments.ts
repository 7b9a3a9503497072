import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { refusalOf } from '../page/error-page.ts';
import type { SharedPoll } from './shared-poll.ts';

/** Parts of a page by their ids, as HTML. */
export type Fragments = Readonly<Record<string, string>>;

/** How a thing that changes is shown. */
export interface Shown<View> {
  /** Parts of the page as they look now. */
  fragments(view: View): Fragments | Promise<Fragments>;
  /** What is said aloud of a change; undefined where a listener need not know. */
  said(before: View, now: View): string | undefined;
}

/** Proxies and browsers give up on a silent line; the console notices a viewer who has gone. */
const beatMs = 15_000;

/**
 * Streams the parts of a page that change: each as a `fragment` with its id, when its HTML is another.
 *
 * Whoever connects anew gets all of them, so that nothing is missed over a lost connection. `trouble`
 * has one sentence; `ended` is the last.
 */
export function streamFragments<View>(
  context: Context,
  poll: SharedPoll<View>,
  shown: Shown<View>,
): Response {
  const write = async (stream: SSEStreamingApi): Promise<void> => {
    const gone = new AbortController();
    stream.onAbort(() => gone.abort());
    const beat = setInterval(() => void stream.write(': \n\n'), beatMs);
    const send = (event: string, data: unknown) =>
      stream.writeSSE({ event, data: JSON.stringify(data) });
    const sent = new Map<string, string>();
    let before: View | undefined;
    try {
      for await (const update of poll.watch(gone.signal)) {
        if (update.kind === 'trouble') {
          await send('trouble', refusalOf(update.error).sentence);
          continue;
        }
        const { view } = update;
        for (const [id, html] of Object.entries(await shown.fragments(view))) {
          if (sent.get(id) !== html) await send('fragment', { id, html });
          sent.set(id, html);
        }
        const words = before === undefined ? undefined : shown.said(before, view);
        if (words !== undefined) await send('said', words);
        before = view;
        await send(update.kind === 'ended' ? 'ended' : 'well', '');
      }
    } finally {
      clearInterval(beat);
    }
  };
  return streamSSE(context, write, async (error, stream) => {
    await stream.writeSSE({ event: 'trouble', data: JSON.stringify(refusalOf(error).sentence) });
  });
}
