import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ApiError, type Call, type CallRecord } from '../../api.ts';
import { epochSeconds } from '../../read-input.ts';
import type { ExecutionRecord } from './execution-record.ts';
import type { Executions } from './executions.ts';
import { onTheWire, withoutData } from './history-event.ts';
import { operation, type Operation } from './operation.ts';
import { PageInput, pageOf } from './page.ts';
import { whyNotRedrivable } from './redrivability.ts';
import { requireStateMachineArn, type StateMachineDirectory } from './state-machine-directory.ts';

const executionArn = z.string();
const executionArnForm = /^arn:[^:]+:states:[^:]*:\d+:execution:[^:]+:[^:]+$/;

/** Names that AWS takes: no white space, brackets, wildcards, control or other special characters. */
const nameForm = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}]{1,80}$/u;

const longestInputBytes = 256 * 1024;

/**
 * What is wrong with the name or the input of an execution to be started.
 *
 * @throws ApiError InvalidName, InvalidExecutionInput, ValidationException
 */
export function checkExecution(name: string, input: string): void {
  if (!nameForm.test(name)) throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
  if (Buffer.byteLength(input) > longestInputBytes) {
    throw new ApiError(
      'ValidationException',
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${longestInputBytes}`,
    );
  }
  try {
    JSON.parse(input);
  } catch {
    throw new ApiError(
      'InvalidExecutionInput',
      "Invalid State Machine Execution Input: 'the input is not JSON'",
    );
  }
}

/** What the access log says of a start. */
export function startRecord(stateMachineArn: string, name: string): CallRecord {
  return {
    eventName: 'StartExecution',
    readOnly: false,
    requestParameters: { stateMachineArn, name, input: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    resources: [{ ARN: stateMachineArn, type: 'AWS::StepFunctions::StateMachine' }],
  };
}

/** The operations that start, stop, redrive and follow executions. */
export function executionOperations(
  machines: StateMachineDirectory,
  executions: Executions,
): Record<string, Operation> {
  /** Finds an execution for a caller who may do this with it. */
  const allowed = (call: Call, eventName: string, arn: string, readOnly = true) => {
    if (!executionArnForm.test(arn)) throw new ApiError('InvalidArn', `Invalid Arn: '${arn}'`);
    call.record({ eventName, readOnly, requestParameters: { executionArn: arn } });
    call.authorize({ action: `states:${eventName}`, resource: arn });
    return executions.get(arn);
  };

  return {
    StartExecution: operation(
      z.strictObject({
        stateMachineArn: z.string(),
        name: z.string().optional(),
        input: z.string().default('{}'),
        traceHeader: z.string().optional(),
      }),
      ({ stateMachineArn, name = randomUUID(), input, traceHeader }, call) => {
        requireStateMachineArn(stateMachineArn);
        call.record(startRecord(stateMachineArn, name));
        call.authorize({ action: 'states:StartExecution', resource: stateMachineArn });
        const machine = machines.get(stateMachineArn);
        checkExecution(name, input);
        const { arn, startDate } = executions.start(machine, name, input, traceHeader);
        call.record({
          ...startRecord(stateMachineArn, name),
          responseElements: { executionArn: arn, startDate: startDate.toISOString() },
        });
        return { executionArn: arn, startDate: epochSeconds(startDate) };
      },
    ),

    StopExecution: operation(
      z.strictObject({
        executionArn,
        error: z.string().max(256).optional(),
        cause: z.string().max(32_768).optional(),
      }),
      async ({ executionArn: arn, error, cause }, call) => {
        const record = allowed(call, 'StopExecution', arn, false);
        record.execution.abort(error, cause);
        await record.ended;
        return { stopDate: epochSeconds(record.stopDate) };
      },
    ),

    RedriveExecution: operation(
      z.strictObject({ executionArn, clientToken: z.string().min(1).max(64).optional() }),
      async ({ executionArn: arn, clientToken }, call) => {
        allowed(call, 'RedriveExecution', arn, false);
        return { redriveDate: epochSeconds(await executions.redrive(arn, clientToken)) };
      },
    ),

    DescribeExecution: operation(
      z.strictObject({
        executionArn,
        includedData: z.enum(['ALL_DATA', 'METADATA_ONLY']).default('ALL_DATA'),
      }),
      ({ executionArn: arn, includedData }, call) =>
        description(
          allowed(call, 'DescribeExecution', arn),
          includedData === 'ALL_DATA',
          call.time,
        ),
    ),

    GetExecutionHistory: operation(
      z.strictObject({
        ...PageInput,
        executionArn,
        reverseOrder: z.boolean().default(false),
        includeExecutionData: z.boolean().default(true),
      }),
      ({ executionArn: arn, reverseOrder, includeExecutionData, ...page }, call) => {
        const { history } = allowed(call, 'GetExecutionHistory', arn);
        const { items, nextToken } = pageOf(history, {
          ...page,
          subject: arn,
          isReversed: reverseOrder,
        });
        const events = includeExecutionData ? items : items.map(withoutData);
        return { events: events.map(onTheWire), nextToken };
      },
    ),

    ListExecutions: operation(
      z.strictObject({
        ...PageInput,
        stateMachineArn: z.string(),
        statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
      }),
      ({ stateMachineArn, statusFilter, ...page }, call) => {
        requireStateMachineArn(stateMachineArn);
        call.record({
          eventName: 'ListExecutions',
          readOnly: true,
          requestParameters: { stateMachineArn },
        });
        call.authorize({ action: 'states:ListExecutions', resource: stateMachineArn });
        const { items, nextToken } = pageOf(executions.of(machines.get(stateMachineArn)), {
          ...page,
          subject: stateMachineArn,
          isReversed: true,
          keep: ({ status }) => statusFilter === undefined || status === statusFilter,
        });
        return { executions: items.map(summary), nextToken };
      },
    ),
  };
}

function summary(record: ExecutionRecord): object {
  const { arn, machine, name, status, startDate, stopDate, redrives } = record;
  return {
    executionArn: arn,
    stateMachineArn: machine.arn,
    name,
    status,
    startDate: epochSeconds(startDate),
    stopDate: epochSeconds(stopDate),
    redriveCount: redrives.count,
    redriveDate: epochSeconds(redrives.time),
  };
}

function description(record: ExecutionRecord, includesData: boolean, now: Date): object {
  const reason = whyNotRedrivable(record, now);
  const { input, outcome, traceHeader } = record;
  return {
    ...summary(record),
    ...(includesData && { input, output: outcome?.output }),
    inputDetails: { included: includesData },
    outputDetails: outcome?.output === undefined ? undefined : { included: includesData },
    error: outcome?.error,
    cause: outcome?.cause,
    traceHeader,
    redriveStatus: reason === undefined ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
    redriveStatusReason: reason,
  };
}
