import dynalite from 'dynalite';
import * as z from 'zod';
import { ApiError } from '../../api.ts';
import { requestInProcess } from '../../gateway/in-process-server.ts';

/** DynamoDB's own part: tables, items, expressions. */
export interface ItemStore {
  /** Does one operation; answers the body as text. */
  call(operation: string, body: string): Promise<string>;
}

const Failure = z.looseObject({
  __type: z.string(),
  message: z.string().optional(),
  Message: z.string().optional(),
});

/** Dynalite wants a signature but looks at none. The gateway has verified the real one. */
const headers = {
  'content-type': 'application/x-amz-json-1.0',
  authorization: 'AWS4-HMAC-SHA256 Credential=gateway, SignedHeaders=host, Signature=none',
  'x-amz-date': '20260101T000000Z',
};

/**
 * Creates the store: dynalite, in memory and without a port of its own.
 *
 * @throws ApiError with DynamoDB's own code for what an operation refuses.
 */
export function createItemStore(): ItemStore {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  return {
    call: async (operation, body) => {
      const target = `DynamoDB_20120810.${operation}`;
      const answer = await requestInProcess(server, {
        method: 'POST',
        path: '/',
        headers: { ...headers, 'x-amz-target': target },
        body,
      });
      const text = answer.body.toString('utf8');
      if (answer.status === 200) return text;
      const { __type, message, Message } = Failure.parse(JSON.parse(text));
      throw new ApiError(
        __type.split('#').at(-1) ?? __type,
        message ?? Message ?? '',
        answer.status,
      );
    },
  };
}
