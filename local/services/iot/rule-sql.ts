import { filterProblem, topicFilter, type TopicFilter } from './topic-filter.ts';
import { readExpression, type Expression, type PublishedMessage } from './rule-expression.ts';
import { RuleSqlError, TokenReader } from './rule-tokens.ts';

/** A rule's query, read. */
export interface RuleQuery {
  readonly matches: TopicFilter;
  /** What the actions get of a message, as JSON. An expression without a value leaves its name out. */
  select(message: PublishedMessage): string;
}

interface Column {
  readonly name: string;
  readonly evaluate: Expression;
}

function readColumns(tokens: TokenReader): readonly Column[] {
  const columns: Column[] = [];
  do {
    const evaluate = readExpression(tokens);
    tokens.keyword('AS');
    const name = tokens.take('word', 'an alias');
    if (columns.some((column) => column.name === name))
      throw new RuleSqlError(`two columns are called ${name}`);
    columns.push({ name, evaluate });
  } while (tokens.skip(','));
  return columns;
}

/**
 * Reads the SQL of a topic rule, version 2016-03-23: `SELECT <expression> AS <alias>, ... FROM
 * '<topic filter>'`.
 *
 * A real, small parser: no library reads AWS IoT's SQL. Other clauses, and expressions other than
 * those of {@link readExpression}, are refused by name.
 *
 * @throws RuleSqlError
 * @see AWS IoT Core Developer Guide, "AWS IoT SQL reference"
 */
export function parseRuleSql(sql: string): RuleQuery {
  const tokens = new TokenReader(sql);
  tokens.keyword('SELECT');
  const columns = readColumns(tokens);
  tokens.keyword('FROM');
  const filter = tokens.take('text', 'a topic filter in quotes');
  tokens.end();
  const fault = filterProblem(filter);
  if (fault !== undefined) throw new RuleSqlError(`FROM: ${fault}`);
  return {
    matches: topicFilter(filter),
    select: (message) =>
      JSON.stringify(
        Object.fromEntries(columns.map(({ name, evaluate }) => [name, evaluate(message)])),
      ),
  };
}
