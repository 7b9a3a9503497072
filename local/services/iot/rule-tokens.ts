/** The SQL of a topic rule is wrong, or has something that the embedded AWS IoT does not do. */
export class RuleSqlError extends Error {
  override readonly name = 'RuleSqlError';
  readonly code = 'RuleSqlError';
}

interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'sign' | 'end';
  readonly value: string;
}

const form = /\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|'((?:[^']|'')*)'|(\S))/y;
const end: Token = { kind: 'end', value: 'the end' };

function tokensOf(sql: string): readonly Token[] {
  const found: Token[] = [];
  const text = sql.trimEnd();
  form.lastIndex = 0;
  while (form.lastIndex < text.length) {
    const [, word, number, quoted, sign = ''] = form.exec(text) ?? [];
    if (word !== undefined) found.push({ kind: 'word', value: word });
    else if (number !== undefined) found.push({ kind: 'number', value: number });
    else if (quoted !== undefined)
      found.push({ kind: 'text', value: quoted.replaceAll("''", "'") });
    else found.push({ kind: 'sign', value: sign });
  }
  return found;
}

/** Reads a rule's SQL token by token. Keywords are read in any case, aliases as they are. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(sql: string) {
    this.#tokens = tokensOf(sql);
  }

  /** Takes a token of one kind. @throws RuleSqlError for any other, naming it. */
  take(kind: 'word' | 'number' | 'text', wanted: string): string {
    const token = this.#peek();
    if (token.kind !== kind) throw this.#unexpected(wanted);
    this.#next += 1;
    return token.value;
  }

  /** Takes a keyword. @throws RuleSqlError for anything else. */
  keyword(word: string): void {
    const { kind, value } = this.#peek();
    if (kind !== 'word' || value.toUpperCase() !== word) throw this.#unexpected(word);
    this.#next += 1;
  }

  /** Takes a sign if it is next, and says whether it was. */
  skip(sign: string): boolean {
    const { kind, value } = this.#peek();
    if (kind !== 'sign' || value !== sign) return false;
    this.#next += 1;
    return true;
  }

  /** Takes a sign. @throws RuleSqlError for anything else. */
  sign(sign: string): void {
    if (!this.skip(sign)) throw this.#unexpected(sign);
  }

  /** Whether a number is next. */
  get atNumber(): boolean {
    return this.#peek().kind === 'number';
  }

  /** @throws RuleSqlError when there is more, naming it: a `WHERE`, say. */
  end(): void {
    const { kind, value } = this.#peek();
    if (kind !== 'end') throw new RuleSqlError(`${value} is not supported`);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? end;
  }

  #unexpected(wanted: string): RuleSqlError {
    return new RuleSqlError(`${this.#peek().value} is not supported where ${wanted} is expected`);
  }
}
