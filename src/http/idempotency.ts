import type { FastifyRequest } from 'fastify';
import { idOf, type Principal } from '../access/principal.ts';
import type { Repeatable } from '../idempotency/once.ts';
import { EdgeError } from './problems.ts';

/** Printable ASCII without spaces: two fields of this name, which Node joins, are none. */
const form = /^[!-~]{1,255}$/;

/**
 * The call with its `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), which is the principal's own.
 *
 * @param principal whose key it is, for the organization that the path names: one user may have several
 * @param asked what the body asks for, without its secrets: a digest of it is kept; looked at only where there is a key
 * @throws {EdgeError} bad_request: the key is malformed
 */
export function repeatable(request: FastifyRequest, principal: Principal, asked: object): Repeatable {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !form.test(key))) {
    throw new EdgeError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters, without spaces');
  }
  const { method, routeOptions, organization, params } = request;
  const scope = organization === undefined ? idOf(principal) : `${idOf(principal)} ${organization.id}`;
  if (key === undefined) return { scope, key, request: '' };
  // By its id, however the path names it.
  const named = organization === undefined ? params : { ...(params as object), organization: organization.id };
  return { scope, key, request: JSON.stringify([method, routeOptions.url, named, asked]) };
}
