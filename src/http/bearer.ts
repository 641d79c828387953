import type { IncomingMessage } from 'node:http';

/** `b64token` of RFC 6750 section 2.1, after a scheme that is read in any letters (RFC 9110 section 11.1). */
const BEARER = /^bearer +([\w\-.~+/]+=*) *$/i;

/** The bearer token of a request, where it has exactly one well-formed `Authorization`. */
export function bearerToken({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  // `headers` would keep the first of several, where a proxy in front perhaps took the last.
  let authorization: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (authorization !== undefined) return undefined;
    authorization = rawHeaders[at + 1];
  }
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}
