import { isIP } from 'node:net';
import { Redis } from 'ioredis';

/** A connection that gives up at once what it cannot do, and is made again by itself once it was made. */
export function connection(url: string): Redis {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Redis({
    host,
    port: Number(port || 6_379),
    // Either of IPv4 and IPv6.
    family: 0,
    db: Number(pathname.slice(1) || 0),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    disableClientInfo: true,
    lazyConnect: true,
    connectTimeout: 2_000,
    enableOfflineQueue: false,
    // What was sent may have been done.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Whether it answers is looked at by the link.
    enableReadyCheck: false,
    autoResubscribe: false,
    // The other end has become a replica: by its name another may be found.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
    retryStrategy: (times) => Math.min(50 * times, 500),
  });
}

/** What a driver says, without the password of the address. */
export function withoutPassword(url: string, text: string): string {
  const password = decodeURIComponent(new URL(url).password);
  return password === '' ? text : text.replaceAll(password, '***');
}
