import { batchIdLength, mintCode, objectIdLength } from '../../workflow/model/code.ts';

/** Mints the same code for the same number, in the order of the numbers for those below 19^3. */
function fixed(length: number, number: number): string {
  const places = Array.from({ length: length - 1 }, (_, place) =>
    place < 3 ? Math.floor(number / 19 ** (2 - place)) % 19 : 7,
  );
  return mintCode(length, () => places.shift() ?? 0);
}

/** The n-th batch id of the tests. */
export const batchId = (number: number): string => fixed(batchIdLength, number);

/** The n-th object id of the tests: sorted by their numbers. */
export const objectId = (number: number): string => fixed(objectIdLength, number);

/** The n-th execution of the tests. */
export const executionArn = (number: number): string =>
  `arn:aws:states:us-east-1:111122223333:execution:czarhipaa-batch:run-${number}`;
