/** A pair of a {@link mergeJoin}: what both sides have of one id, or only one of them. */
export interface Joined<Left, Right> {
  readonly left?: Left | undefined;
  readonly right?: Right | undefined;
}

interface Identified {
  readonly objectId: string;
}

/**
 * Joins two streams that are both sorted by object id, holding one element of each at a time.
 *
 * The order is JavaScript's: the same as DynamoDB's and the listing's for the letters of a code.
 */
export async function* mergeJoin<Left extends Identified, Right extends Identified>(
  lefts: AsyncGenerator<Left, void>,
  rights: AsyncGenerator<Right, void>,
): AsyncGenerator<Joined<Left, Right>> {
  let left = await head(lefts);
  let right = await head(rights);
  try {
    while (left !== undefined || right !== undefined) {
      if (right === undefined || (left !== undefined && left.objectId < right.objectId)) {
        yield { left };
        left = await head(lefts);
      } else if (left === undefined || right.objectId < left.objectId) {
        yield { right };
        right = await head(rights);
      } else {
        yield { left, right };
        left = await head(lefts);
        right = await head(rights);
      }
    }
  } finally {
    await Promise.all([lefts.return(undefined), rights.return(undefined)]);
  }
}

async function head<T>(items: AsyncGenerator<T, void>): Promise<T | undefined> {
  const next = await items.next();
  return next.done === true ? undefined : next.value;
}
