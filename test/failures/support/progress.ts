import process from 'node:process';
import type { Reporter, TestCase } from 'vitest/node';

/** Tells on stderr of each cell as it is done, and what is wrong with it. */
export class Progress implements Reporter {
  #done = 0;

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state === 'skipped') return;
    this.#done += 1;
    const { cell } = test.meta();
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1);
    const sign = state === 'passed' ? 'ok ' : 'BAD';
    const name = test.fullName.replace(' > ', ': ');
    this.#tell(`${sign} ${String(this.#done)} ${name}: ${cell?.outcome ?? ''} (${seconds} s)`);
    for (const { message, expected, actual } of errors) {
      this.#tell(`    ${message.split('\n')[0] ?? ''}`);
      if (expected !== undefined) this.#tell(`    expected ${expected}`.replaceAll('\n', ' '));
      if (actual !== undefined) this.#tell(`    found    ${actual}`.replaceAll('\n', ' '));
    }
  }

  onTestRunEnd(_modules: unknown, unhandled: readonly { readonly message: string }[]): void {
    for (const { message } of unhandled) this.#tell(`BAD ${message}`);
  }

  #tell(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
