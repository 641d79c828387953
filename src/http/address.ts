import { isIP, SocketAddress } from 'node:net';

/** Stands for an address that is not known: the caller hung up, or a proxy wrote something else into its header. */
const UNKNOWN = 'unknown';

/**
 * An IP address in one spelling: IPv4 where it was mapped into IPv6 (RFC 4291 section 2.5.5.2), without a zone, and
 * without the port that some proxies add.
 */
export function plainAddress(given: string | undefined): string {
  if (given === undefined) return UNKNOWN;
  // The common case first: a socket tells IPv4 as it is.
  if (isIP(given) === 4) return given;
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(given)?.[1] ?? /^([\d.]+):\d+$/.exec(given)?.[1] ?? given;
  const address = bare.replace(/%.*$/, '');
  switch (isIP(address)) {
    case 4:
      return address;
    case 6: {
      const compact = new SocketAddress({ address, family: 'ipv6' }).address;
      const mapped = /^::ffff:([\d.]+)$/.exec(compact)?.[1];
      return mapped ?? compact;
    }
    default:
      return UNKNOWN;
  }
}

/** Whether nothing but this machine reaches a host: a name or an address, in brackets where it comes from a URL. */
export function isLoopback(host: string): boolean {
  const address = plainAddress(host);
  return host.toLowerCase() === 'localhost' || address === '::1' || address.startsWith('127.');
}

/**
 * What a limit counts by: an IPv4 address, or the /64 of an IPv6 address (`2001:db8:0:1::/64`), since a customer is
 * given at least that much (RFC 6177) and could change the rest with each call.
 */
export function limitKey(given: string | undefined): string {
  const address = plainAddress(given);
  if (!address.includes(':')) return address;
  const [front = '', back] = address.split('::');
  const head = front === '' ? [] : front.split(':');
  const tail = back === undefined || back === '' ? [] : back.split(':');
  // What `::` left out is only in front of the /64's end where the head is shorter than it.
  const groups = [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
