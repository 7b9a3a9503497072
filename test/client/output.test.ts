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

describe('a result too long to hold', () => {
  const write = (json: boolean, entries: number) => {
    const output = createOutput({ json }, streams(false));
    for (let number = 1; number <= entries; number += 1) {
      output.entry('calls', { number }, `call ${number}`);
    }
    return output;
  };

  it('is lines for a person, and one object with a list for a program', () => {
    write(false, 2).result({ counts: 2 }, 'calls: 2');
    expect(stdout).toBe('call 1\ncall 2\ncalls: 2\n');

    stdout = '';
    write(true, 2).result({ counts: 2 }, 'calls: 2');
    expect(JSON.parse(stdout)).toEqual({ calls: [{ number: 1 }, { number: 2 }], counts: 2 });
  });

  it('is an object also where an error ends it, or no entry came', () => {
    write(true, 1).result({ error: 'badInput', exitCode: 65 }, '');
    expect(JSON.parse(stdout)).toEqual({ calls: [{ number: 1 }], error: 'badInput', exitCode: 65 });

    stdout = '';
    write(true, 0).result({ calls: [] }, '');
    expect(JSON.parse(stdout)).toEqual({ calls: [] });
  });
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
