import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is taken over from a proxy: short, and nothing that means something in a log or a shell. */
const ACCEPTED = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Names requests: `k3v9x0a7d2-1f`. The first part is random for each call of this function, the second counts, so an id
 * costs next to nothing and is not repeated by another process. It is no secret and protects nothing.
 */
export function countingIds(): () => string {
  const process = randomBytes(8).readBigUInt64BE().toString(36).slice(0, 10);
  let count = 0;
  return () => {
    count += 1;
    return `${process}-${count.toString(36)}`;
  };
}

/** As `countingIds`, but the id that a proxy gave in `X-Request-Id` is kept, so that both logs can be read together. */
export function idsOfProxy(next: () => string): (request: IncomingMessage) => string {
  return ({ headers }) => {
    const given = headers['x-request-id'];
    return typeof given === 'string' && ACCEPTED.test(given) ? given : next();
  };
}
