import * as z from 'zod';
import { epochSeconds } from '../../read-input.ts';
import type { Executions } from './executions.ts';
import { operation, type Operation } from './operation.ts';
import { PageInput, pageOf } from './page.ts';
import { requireStateMachineArn, type StateMachineDirectory } from './state-machine-directory.ts';
import type { DeclaredStateMachine } from './state-machine.ts';

const IncludedData = z.enum(['ALL_DATA', 'METADATA_ONLY']).default('ALL_DATA');

/** The operations that tell about state machines. */
export function stateMachineOperations(
  machines: StateMachineDirectory,
  executions: Executions,
): Record<string, Operation> {
  return {
    DescribeStateMachine: operation(
      z.strictObject({ stateMachineArn: z.string(), includedData: IncludedData }),
      ({ stateMachineArn, includedData }, call) => {
        requireStateMachineArn(stateMachineArn);
        call.record({
          eventName: 'DescribeStateMachine',
          readOnly: true,
          requestParameters: { stateMachineArn },
        });
        call.authorize({ action: 'states:DescribeStateMachine', resource: stateMachineArn });
        const machine = machines.get(stateMachineArn);
        return {
          ...description(machine, includedData),
          status: 'ACTIVE',
          type: 'STANDARD',
          creationDate: epochSeconds(machine.created),
        };
      },
    ),

    DescribeStateMachineForExecution: operation(
      z.strictObject({ executionArn: z.string(), includedData: IncludedData }),
      ({ executionArn, includedData }, call) => {
        call.record({
          eventName: 'DescribeStateMachineForExecution',
          readOnly: true,
          requestParameters: { executionArn },
        });
        call.authorize({
          action: 'states:DescribeStateMachineForExecution',
          resource: executionArn,
        });
        const { machine } = executions.get(executionArn);
        return {
          ...description(machine, includedData),
          updateDate: epochSeconds(machine.created),
        };
      },
    ),

    ListStateMachines: operation(z.strictObject(PageInput), (input, call) => {
      call.record({ eventName: 'ListStateMachines', readOnly: true });
      call.authorize({ action: 'states:ListStateMachines', resource: '*' });
      const page = pageOf(machines.all(), {
        ...input,
        subject: 'stateMachines',
        isReversed: false,
      });
      const stateMachines = page.items.map(({ arn, name, created }) => ({
        stateMachineArn: arn,
        name,
        type: 'STANDARD',
        creationDate: epochSeconds(created),
      }));
      return { stateMachines, nextToken: page.nextToken };
    }),
  };
}

function description(
  { arn, name, definition, roleArn, logging, isTraced, revisionId }: DeclaredStateMachine,
  includedData: z.output<typeof IncludedData>,
): object {
  const { level, includeExecutionData, logGroupArn } = logging;
  return {
    stateMachineArn: arn,
    name,
    definition: includedData === 'ALL_DATA' ? definition : '',
    roleArn,
    loggingConfiguration: {
      level,
      includeExecutionData,
      destinations: logGroupArn === undefined ? [] : [{ cloudWatchLogsLogGroup: { logGroupArn } }],
    },
    tracingConfiguration: { enabled: isTraced },
    revisionId,
  };
}
