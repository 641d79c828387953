import type { FastifyInstance, FastifyRequest } from 'fastify';
import { EdgeError } from './problems.ts';

/** Header fields of a request; a browser sends about twenty. */
export const MOST_HEADERS = 100;

/** Bytes of all header fields and the request line, as Node counts them. */
export const MOST_HEADER_BYTES = 32_768;

/** A name that only selects may be 1,024 characters, which is 12,288 when each is percent-encoded. */
const LONGEST_URL = 16_384;

/** Fields of which a proxy in front and this server could take different ones, if there were two. */
const singleFields = ['host', 'content-type'];

function countFields(rawHeaders: readonly string[], sought: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === sought.length && name.toLowerCase() === sought) count += 1;
  }
  return count;
}

/** What is wrong with a request as such; Node would say it without a body, or not notice. */
export function malformation({ raw }: FastifyRequest): EdgeError | undefined {
  if (raw.rawHeaders.length > 2 * MOST_HEADERS) {
    return new EdgeError('headers_too_large', `There may be ${MOST_HEADERS} header fields`);
  }
  if ((raw.url?.length ?? 0) > LONGEST_URL) {
    return new EdgeError('uri_too_long', `The URI may be ${LONGEST_URL} bytes long`);
  }
  const repeated = singleFields.find((name) => countFields(raw.rawHeaders, name) > 1);
  if (repeated !== undefined) return new EdgeError('bad_request', `The ${repeated} header field is given twice`);
  // RFC 9112 section 3.2.
  if (raw.headers.host === undefined && raw.httpVersion === '1.1') {
    return new EdgeError('bad_request', 'The Host header field is missing');
  }
  // RFC 9110 section 10.1.1; Node itself has answered to `100-continue`.
  if (raw.headers.expect !== undefined && raw.headers.expect.toLowerCase() !== '100-continue') {
    return new EdgeError('expectation_failed', 'Only 100-continue can be expected');
  }
  return undefined;
}

/** The methods that are taken at a path. OPTIONS stands at every path where CORS is on, which makes none of them known. */
export function allowedMethods(server: FastifyInstance, url: string): string[] {
  const path = url.split('?', 1)[0] ?? url;
  return server.supportedMethods.filter(
    (each) => each !== 'OPTIONS' && server.findRoute({ method: each, url: path }) !== null,
  );
}

/** That nothing is at a path, or nothing for the method: then the answer names the methods that there are. */
export function unknownRoute(server: FastifyInstance, { method, url }: FastifyRequest): EdgeError {
  const allowed = allowedMethods(server, url);
  if (allowed.length === 0) return noRoute();
  return new EdgeError('method_not_allowed', `${method} is not allowed here; allowed: ${allowed.join(', ')}`, {
    headers: { allow: allowed.join(', ') },
  });
}

/** That nothing is at a path. Also said of what a caller may not know of. */
export function noRoute(): EdgeError {
  return new EdgeError('route_not_found', 'There is nothing at this path');
}
