/** Who works beside whom. First come, first served. */
export interface Turns {
  /** Works beside others, unless somebody works alone, or waits to. */
  together<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Works once all others have ended, and lets nobody begin meanwhile. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
}

interface Waiting {
  readonly isAlone: boolean;
  readonly begin: () => void;
}

/** Makes turns for works that can do without each other, such as objects that share a disk. */
export function createTurns(): Turns {
  const waiting: Waiting[] = [];
  let working = 0;
  let isTaken = false;

  const admit = (): void => {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      if (isTaken || (first.isAlone && working > 0)) return;
      waiting.shift();
      isTaken = first.isAlone;
      working += 1;
      first.begin();
    }
  };
  const take = async <Result>(isAlone: boolean, work: () => Promise<Result>): Promise<Result> => {
    await new Promise<void>((begin) => {
      waiting.push({ isAlone, begin });
      admit();
    });
    try {
      return await work();
    } finally {
      working -= 1;
      isTaken = false;
      admit();
    }
  };
  return { together: (work) => take(false, work), alone: (work) => take(true, work) };
}
