/** Tokens of tasks that are over long ago are forgotten, oldest first. */
const rememberedTokens = 20_000;

/** Which state machine handed out a task token: what decides who may answer it. Nobody may one that is forgotten. */
export class TokenOwners {
  readonly #machines = new Map<string, string>();

  add(token: string, stateMachineArn: string): void {
    this.#machines.set(token, stateMachineArn);
    const [oldest] = this.#machines.keys();
    if (oldest !== undefined && this.#machines.size > rememberedTokens)
      this.#machines.delete(oldest);
  }

  find(token: string): string | undefined {
    return this.#machines.get(token);
  }
}
