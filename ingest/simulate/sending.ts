interface Waiting<Item> {
  readonly turn: number;
  readonly item: Item;
}

/** Holds what is sent later than it was made. What has the same turn is sent in the order in which it came. */
export class Sending<Item> {
  readonly #waiting: Waiting<Item>[] = [];

  add(turn: number, item: Item): void {
    // The few that wait are looked through from the end, where a new one mostly belongs.
    let place = this.#waiting.length;
    while (place > 0 && (this.#waiting[place - 1]?.turn ?? 0) > turn) place -= 1;
    this.#waiting.splice(place, 0, { turn, item });
  }

  /** Takes out what has its turn by now. */
  *due(turn: number): Generator<Item> {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || first.turn > turn) return;
      this.#waiting.shift();
      yield first.item;
    }
  }
}
