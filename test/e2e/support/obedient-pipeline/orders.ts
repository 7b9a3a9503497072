import { deeds, type Scene } from './deeds.ts';

/** What the pipeline is told to do, by one line of an object. */
export interface Order {
  readonly deed: keyof typeof deeds;
  readonly argument: string;
}

/**
 * Reads orders, one a line. A line `later <order>` is for the consolidation; one that is no order,
 * such as a line of data, says nothing.
 */
export function readOrders(text: string): { now: Order[]; later: string[] } {
  const now: Order[] = [];
  const later: string[] = [];
  for (const line of text.split('\n')) {
    const [deed = '', ...rest] = line.split(' ');
    const argument = rest.join(' ');
    if (deed === 'later') later.push(argument);
    else if (isDeed(deed)) now.push({ deed, argument });
  }
  return { now, later };
}

/** Carries out an order. */
export async function obey({ deed, argument }: Order, scene: Scene): Promise<void> {
  await deeds[deed](argument, scene);
}

function isDeed(word: string): word is Order['deed'] {
  return Object.hasOwn(deeds, word);
}
