import { RuleSqlError, type TokenReader } from './rule-tokens.ts';

/** A message as rules see it. */
export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string;
  /** Id of the publisher's certificate. */
  readonly principal: string;
  /** By the cloud's clock. */
  readonly receivedAt: Date;
}

/** What an expression is for a message; undefined where it has no value. */
export type Expression = (message: PublishedMessage) => string | number | undefined;

/** The functions that rules can use, each reading its arguments up to the closing parenthesis. */
const functions: Readonly<Record<string, (tokens: TokenReader) => Expression>> = {
  encode(tokens) {
    tokens.sign('*');
    tokens.sign(',');
    const scheme = tokens.take('text', "'base64'");
    if (scheme !== 'base64') throw new RuleSqlError(`encode: ${scheme} is not supported`);
    return ({ payload }) => payload.toString('base64');
  },
  topic(tokens) {
    if (!tokens.atNumber) return ({ topic }) => topic;
    const level = Number(tokens.take('number', 'a level'));
    if (!Number.isInteger(level) || level < 1)
      throw new RuleSqlError('topic: levels are counted from 1');
    return ({ topic }) => topic.split('/')[level - 1];
  },
  timestamp: () => (message) => message.receivedAt.getTime(),
  principal: () => (message) => message.principal,
  clientid: () => (message) => message.clientId,
};

/**
 * Reads an expression: `encode(*, 'base64')`, `topic()`, `topic(n)`, `timestamp()`, `principal()` or
 * `clientid()`. Names are read in any case.
 *
 * @throws RuleSqlError for every other function and for anything that is no call, by name.
 * @see AWS IoT Core Developer Guide, "Functions"
 */
export function readExpression(tokens: TokenReader): Expression {
  const name = tokens.take('word', 'a function');
  const known = name.toLowerCase();
  const read = Object.hasOwn(functions, known) ? functions[known] : undefined;
  if (read === undefined) throw new RuleSqlError(`${name} is not supported`);
  tokens.sign('(');
  const expression = read(tokens);
  tokens.sign(')');
  return expression;
}
