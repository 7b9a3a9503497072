import process from 'node:process';
import type { Reporter, TestModule } from 'vitest/node';

/** Ends a test run with the one line that says how it went: `N passed, N failed`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      passed += tests.filter((test) => test.result().state === 'passed').length;
      // A skipped or pending test has proved nothing.
      failed += tests.filter((test) => test.result().state !== 'passed').length;
      if (tests.length === 0 || module.errors().length > 0) failed += 1;
    }
    // Written at the very end, after what the other reporters still have to say.
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`));
    if (failed > 0) process.exitCode = 1;
  }
}
