import process from 'node:process';

/**
 * What a run says on stdout, kept as well, so that the demo can search its own words.
 *
 * A check is a named yes or no; the run succeeds when all are yes.
 */
export class Transcript {
  readonly #started = performance.now();
  readonly #checks: Record<string, boolean> = {};
  #text = '';

  /** Writes a line. */
  say(line = ''): void {
    this.#text += `${line}\n`;
    process.stdout.write(`${line}\n`);
  }

  /** Begins a numbered step. */
  step(title: string): void {
    this.say();
    this.say(`== ${title}  (${this.seconds.toFixed(1)} s)`);
  }

  /** Notes and tells whether something that must hold does. */
  check(name: string, holds: boolean, sentence: string): void {
    this.#checks[name] = holds;
    this.say(`  ${holds ? 'ok  ' : 'FAIL'}  ${sentence}`);
  }

  get checks(): Readonly<Record<string, boolean>> {
    return this.#checks;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get text(): string {
    return this.#text;
  }
}
