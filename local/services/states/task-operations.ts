import * as z from 'zod';
import { ApiError, type Call } from '../../api.ts';
import {
  InvalidOutputError,
  InvalidTokenError,
  TaskDoesNotExistError,
  TaskTimedOutError,
  type TaskTokens,
} from '../../asl/task-tokens.ts';
import { operation, type Operation } from './operation.ts';
import type { TokenOwners } from './token-owners.ts';

const taskToken = z.string().min(1).max(2048);
const tokenForm = /^AQB[\w-]{125}$/;

/** The operations with which a worker answers a task token. */
export function taskOperations(tokens: TaskTokens, owners: TokenOwners): Record<string, Operation> {
  /** A token is a secret: the access log gets the state machine's name only. */
  const answer = (call: Call, eventName: string, token: string, send: () => void): object => {
    call.record({
      eventName,
      readOnly: false,
      requestParameters: { taskToken: 'HIDDEN_DUE_TO_SECURITY_REASONS' },
    });
    const resource = owners.find(token);
    try {
      // There is no state machine to ask a policy about, and nothing that the token could answer.
      if (resource === undefined)
        throw tokenForm.test(token) ? new TaskDoesNotExistError() : new InvalidTokenError();
      call.authorize({ action: `states:${eventName}`, resource });
      send();
    } catch (error) {
      const isRefusal =
        error instanceof InvalidTokenError ||
        error instanceof TaskDoesNotExistError ||
        error instanceof TaskTimedOutError ||
        error instanceof InvalidOutputError;
      throw isRefusal ? new ApiError(error.name, error.message) : error;
    }
    return {};
  };

  return {
    SendTaskSuccess: operation(
      z.strictObject({ taskToken, output: z.string() }),
      ({ taskToken: token, output }, call) =>
        answer(call, 'SendTaskSuccess', token, () => tokens.sendTaskSuccess(token, output)),
    ),
    SendTaskFailure: operation(
      z.strictObject({
        taskToken,
        error: z.string().max(256).optional(),
        cause: z.string().max(32_768).optional(),
      }),
      ({ taskToken: token, error, cause }, call) =>
        answer(call, 'SendTaskFailure', token, () =>
          tokens.sendTaskFailure(token, { error, cause }),
        ),
    ),
    SendTaskHeartbeat: operation(z.strictObject({ taskToken }), ({ taskToken: token }, call) =>
      answer(call, 'SendTaskHeartbeat', token, () => tokens.sendTaskHeartbeat(token)),
    ),
  };
}
