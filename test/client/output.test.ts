import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createOutput } from '../../client/output.ts';

let stdout = '';
let stderr = '';

function streams(terminal: boolean, columns = 80) {
  return {
    stdout: { write: (text: string) => ((stdout += text), true) },
    stderr: { write: (text: string) => ((stderr += text), true), isTTY: terminal, columns },
  };
}

beforeEach(() => {
  stdout = '';
  stderr = '';
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('output to a terminal', () => {
  it('is sentences, of which the progress line is replaced by what comes next', () => {
    const output = createOutput({ json: false }, streams(true));

    output.event('batch', { batchId: 'x' }, 'batch x');
    output.progress('p', {}, '10 %');
    output.event('done', {}, 'done');
    output.result({ batchId: 'x' }, 'batch x is sealed');

    expect(stderr).toBe('batch x\n\r\u001b[2K10 %\r\u001b[2Kdone\n');
    expect(stdout).toBe('batch x is sealed\n');
  });

  it('draws progress ten times a second, and never wider than the terminal', () => {
    const output = createOutput({ json: false }, streams(true, 10));
    for (let at = 0; at < 100; at += 1) {
      output.progress('p', {}, `${at}`.padEnd(30, '.'));
      vi.advanceTimersByTime(10);
    }

    const lines = stderr.split('\r\u001b[2K').slice(1);
    expect(lines).toHaveLength(10);
    expect(lines.every(({ length }) => length === 9)).toBe(true);
  });
});

describe('output to anything else', () => {
  it('is JSON lines', () => {
    const output = createOutput({ json: true }, streams(false));

    output.event('batch', { batchId: 'x' }, 'batch x');
    output.early('arn');
    output.result({ batchId: 'x' }, 'batch x is sealed');

    expect(stderr).toBe('{"event":"batch","batchId":"x"}\n');
    expect(stdout).toBe('{"batchId":"x"}\n');
  });

  it('tells progress every five seconds', () => {
    const output = createOutput({ json: true }, streams(false));
    for (let at = 0; at < 11; at += 1) {
      output.progress('p', { at }, '');
      vi.advanceTimersByTime(1_000);
    }

    expect(stderr).toBe(
      ['{"event":"p","at":0}', '{"event":"p","at":5}', '{"event":"p","at":10}', ''].join('\n'),
    );
  });
});
