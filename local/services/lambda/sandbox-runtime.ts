/**
 * The process that runs one function: it imports the bundle once and calls the handler for one
 * event at a time. Started by `sandbox.ts`, with an IPC channel; it ends with the process at the
 * channel's other end, however that dies.
 */
import { flushCompileCache } from 'node:module';
import process from 'node:process';
import { formatConsole } from './console-format.ts';
import { reportError, type ReportedError } from './handler-error.ts';
import { loadHandler, type Handler } from './load-handler.ts';
import {
  endOfOutput,
  type InvocationFacts,
  type SandboxOrder,
  type SandboxReport,
} from './sandbox-protocol.ts';

// It is of the process, not of the function, which sees the environment that its template declares.
delete process.env.NODE_COMPILE_CACHE;

/** Exit codes of Lambda's Node runtime. */
const exitCodes = { unhandledRejection: 128, uncaughtException: 129 } as const;

let handler: Handler | undefined;
let requestId: string | undefined;

function report(message: SandboxReport, sent?: () => void): void {
  if (process.connected) process.send?.(message, () => sent?.());
}

function context(facts: InvocationFacts): object {
  const deadline = performance.now() + facts.timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: '$LATEST',
    functionName: facts.functionName,
    memoryLimitInMB: String(facts.memoryMb),
    logGroupName: facts.logGroupName,
    logStreamName: facts.logStreamName,
    invokedFunctionArn: facts.functionArn,
    awsRequestId: facts.requestId,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

function finish(outcome: SandboxReport, sent?: () => void): void {
  // A new line before: the last one may have been left open.
  const end = `\n${endOfOutput(requestId ?? '')}\n`;
  requestId = undefined;
  process.stdout.write(end);
  process.stderr.write(end);
  report(outcome, sent);
}

function memoryMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

function fail(error: ReportedError, exitCode?: number): void {
  const failure = JSON.stringify(error);
  console.error('Invoke Error', failure);
  const isLast = exitCode !== undefined;
  finish({ type: 'failure', failure, memoryMb: memoryMb(), isLast }, () => {
    if (isLast) process.exit(exitCode);
  });
}

async function load({ taskRoot, handler: name, logFormat }: SandboxOrder & { type: 'load' }) {
  formatConsole(logFormat, () => requestId);
  try {
    handler = await loadHandler(taskRoot, name);
    report({ type: 'loaded' });
  } catch (error) {
    report({ type: 'load-failed', failure: JSON.stringify(reportError(error)) });
  }
}

async function invoke({ payload, ...facts }: SandboxOrder & { type: 'invoke' }): Promise<void> {
  requestId = facts.requestId;
  try {
    const result = await handler?.(JSON.parse(payload), context(facts));
    // A handler that returns nothing answers null; so does one that returns what JSON cannot hold.
    const answer = (JSON.stringify(result) as string | undefined) ?? 'null';
    finish({ type: 'result', payload: answer, memoryMb: memoryMb() });
  } catch (error) {
    fail(reportError(error));
  }
  // Later processes of this function load what this one compiled.
  setImmediate(flushCompileCache);
}

process.on('message', (order: SandboxOrder) => {
  void (order.type === 'load' ? load(order) : invoke(order));
});
process.on('unhandledRejection', (reason) => {
  const errorType = 'Runtime.UnhandledPromiseRejection';
  const error = { ...reportError(reason), errorType, errorMessage: String(reason) };
  fail(error, exitCodes.unhandledRejection);
});
process.on('uncaughtException', (error) => {
  fail(reportError(error), exitCodes.uncaughtException);
});
process.on('disconnect', () => process.exit());
