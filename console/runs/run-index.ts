import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  type ExecutionStatus,
  ListExecutionsCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { batchOf } from '../../audit/compose-run-record.ts';
import { errorCode } from '../../audit/error-code.ts';
import { executionHash } from '../../workflow/model/names.ts';
import type { RunStatus } from '../page/pill.ts';

/** An execution as the list of runs tells it. */
export interface RunRow {
  readonly hash: string;
  readonly status: RunStatus;
  readonly batchId: string | undefined;
  readonly started: string;
  readonly ended: string | undefined;
  readonly error: string | undefined;
  readonly redrives: number;
}

/** What can be asked for; Step Functions has no filter for the redriven. */
export type StatusFilter = Exclude<ExecutionStatus, 'PENDING_REDRIVE'>;

/** A page of the list, newest first. */
export interface RunPage {
  readonly rows: readonly RunRow[];
  /** Step Functions' token of the page behind it. */
  readonly next: string | undefined;
}

const rowsOfPage = 25;
/** Most that Step Functions lists at once. */
const mostListed = 1000;
/** Descriptions that are asked for at once. */
const atOnce = 5;
/** Descriptions that are kept: an execution that has ended is described once. */
const mostKept = 5_000;

type Described = Pick<RunRow, 'batchId' | 'error'>;

/**
 * The executions of the study's state machine.
 *
 * A person may have chosen an execution's name, so pages and addresses have its hash.
 */
export class RunIndex {
  readonly #sfn: SFNClient;
  readonly #stateMachineArn: string;
  readonly #arns = new Map<string, string>();
  readonly #described = new Map<string, Described>();

  constructor(sfn: SFNClient, stateMachineArn: string) {
    this.#sfn = sfn;
    this.#stateMachineArn = stateMachineArn;
  }

  /** Reads one page of the list. */
  async page(status: StatusFilter | undefined, token: string | undefined): Promise<RunPage> {
    const { executions, next } = await this.#list(rowsOfPage, status, token);
    const rows: RunRow[] = [];
    for (let first = 0; first < executions.length; first += atOnce) {
      const some = executions.slice(first, first + atOnce);
      rows.push(...(await Promise.all(some.map((execution) => this.#row(execution)))));
    }
    return { rows, next };
  }

  /** Finds the ARN that a hash stands for; undefined where no execution has it. */
  async find(hash: string): Promise<string | undefined> {
    const known = this.#arns.get(hash);
    if (known !== undefined) return known;
    let token: string | undefined;
    do {
      const { next } = await this.#list(mostListed, undefined, token);
      const found = this.#arns.get(hash);
      if (found !== undefined) return found;
      token = next;
    } while (token !== undefined);
    return undefined;
  }

  async #list(maxResults: number, statusFilter?: StatusFilter, nextToken?: string) {
    const { executions = [], nextToken: next } = await this.#sfn.send(
      new ListExecutionsCommand({
        stateMachineArn: this.#stateMachineArn,
        maxResults,
        statusFilter,
        nextToken,
      }),
    );
    for (const { executionArn = '' } of executions) {
      this.#arns.set(executionHash(executionArn), executionArn);
    }
    return { executions, next };
  }

  async #row(listed: ExecutionListItem): Promise<RunRow> {
    const { executionArn = '', status = 'RUNNING', startDate, stopDate, redriveCount = 0 } = listed;
    const key = `${executionArn} ${status} ${redriveCount}`;
    const described = this.#described.get(key) ?? (await this.#describe(executionArn));
    if (this.#described.size >= mostKept) this.#described.clear();
    this.#described.set(key, described);
    return {
      hash: executionHash(executionArn),
      status,
      ...described,
      started: (startDate ?? new Date(0)).toISOString(),
      ended: stopDate?.toISOString(),
      redrives: redriveCount,
    };
  }

  async #describe(executionArn: string): Promise<Described> {
    const { input, error } = await this.#sfn.send(new DescribeExecutionCommand({ executionArn }));
    return { batchId: batchOf(input), error: errorCode(error) };
  }
}
