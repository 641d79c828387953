import type { IncomingMessage } from 'node:http';

/** `b64token` of RFC 6750 section 2.1, after a scheme that is read in any letters (RFC 9110 section 11.1). */
const BEARER = /^bearer +([\w\-.~+/]+=*) *$/i;

/** The bearer token of a request, where it has exactly one well-formed `Authorization`. */
export function bearerToken(request: IncomingMessage): string | undefined {
  // `headers` would keep the first of several, a proxy in front perhaps the last.
  const [authorization, ...others] = request.headersDistinct['authorization'] ?? [];
  return authorization === undefined || others.length > 0 ? undefined : BEARER.exec(authorization)?.[1];
}
