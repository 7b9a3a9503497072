import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';

export default class MatrixReporter implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { cell } = test.meta();
    appendFileSync(
      '/tmp/cells.jsonl',
      `${JSON.stringify({ ...(cell ?? { name: test.fullName, missing: true }), ms: Math.round(test.diagnostic()?.duration ?? 0), errors: test.result().errors?.map((e) => e.message.slice(0, 300)) })}\n`,
    );
  }
}
