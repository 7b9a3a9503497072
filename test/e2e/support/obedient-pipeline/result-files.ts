/** Names of what `process` leaves for `consolidate`: the object's digest, and orders for later. */
export const digestFileName = 'digest';
export const laterFileName = 'later';
