/** The first addresses of a subnet that are not for instances: EC2 keeps four, and the last. */
const keptByEc2 = 4;

/** Finds a free private address in a subnet's range; undefined where all are taken. */
export function freeAddress(cidrBlock: string, taken: ReadonlySet<string>): string | undefined {
  const [base = '', bits = '32'] = cidrBlock.split('/');
  const first = base.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  const last = first + 2 ** (32 - Number(bits)) - 1;
  for (let number = first + keptByEc2; number < last; number += 1) {
    const address = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
    if (!taken.has(address)) return address;
  }
  return undefined;
}
