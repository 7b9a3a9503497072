/** What authorizing a call needs to know of a table. */
export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly partitionKey: string;
  /** Partition keys of its indexes, by the index's name. */
  readonly indexes: ReadonlyMap<string, string>;
  readonly tags: Readonly<Record<string, string>>;
}

/** The tables of a deployment. */
export class Tables {
  readonly #prefix: string;
  readonly #byName = new Map<string, Table>();

  constructor(region: string, accountId: string) {
    this.#prefix = `arn:aws:dynamodb:${region}:${accountId}:table/`;
  }

  add(table: Table): void {
    this.#byName.set(table.name, table);
  }

  get(name: string): Table | undefined {
    return this.#byName.get(name);
  }

  arn(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** A table's name, whether a call names the table or gives its ARN. */
  nameOf(nameOrArn: string): string {
    return nameOrArn.startsWith(this.#prefix) ? nameOrArn.slice(this.#prefix.length) : nameOrArn;
  }
}
