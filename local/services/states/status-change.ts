import type { EventBus } from '../../api.ts';
import type { ExecutionRecord } from './execution-record.ts';

/** More than this of input or output would not fit the event; AWS leaves both out then. */
const longestDataBytes = 248 * 1024;

/**
 * Puts an execution's status on the bus, as Step Functions does when it changes.
 *
 * @see AWS Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge"
 */
export function putStatusChange(bus: EventBus, record: ExecutionRecord): void {
  const { arn, machine, name, status, input, startDate, stopDate, outcome, redrives } = record;
  const fits =
    Buffer.byteLength(input) + Buffer.byteLength(outcome?.output ?? '') <= longestDataBytes;
  bus.put({
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [arn],
    detail: {
      executionArn: arn,
      stateMachineArn: machine.arn,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      name,
      status,
      startDate: startDate.getTime(),
      stopDate: stopDate?.getTime() ?? null,
      input: fits ? input : null,
      inputDetails: { included: fits },
      output: fits ? (outcome?.output ?? null) : null,
      outputDetails: outcome?.output === undefined ? null : { included: fits },
      error: outcome?.error ?? null,
      cause: outcome?.cause ?? null,
      redriveCount: redrives.count,
      redriveDate: redrives.time?.getTime() ?? null,
    },
  });
}
