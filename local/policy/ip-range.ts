import { BlockList, isIP } from 'node:net';
import type { Truth } from './truth.ts';

const prefixLengths = { 4: 32, 6: 128 } as const;

interface IpRange {
  address: string;
  family: 'ipv4' | 'ipv6';
  prefix: number;
}

/**
 * Reads an address or CIDR block of either family; undefined when it is neither. An address alone
 * is a block of one.
 */
function parseRange(text: string): IpRange | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version !== 4 && version !== 6) return undefined;
  const prefix = length === undefined ? prefixLengths[version] : Number(length);
  const wellFormed = rest.length === 0 && (length === undefined || /^\d{1,3}$/.test(length));
  if (!wellFormed || prefix > prefixLengths[version]) return undefined;
  return { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix };
}

/** Whether a text is an address or CIDR block, IPv4 or IPv6. */
export function isIpRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

/** Whether an address lies in a CIDR block; undefined when the address is none. */
export function isInRange(address: string, block: string): Truth {
  const range = parseRange(block);
  const version = isIP(address);
  if (range === undefined || version === 0) return undefined;
  const list = new BlockList();
  list.addSubnet(range.address, range.prefix, range.family);
  return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
