import type { FastifyRequest } from 'fastify';
import { idOf, type Principal } from '../access/principal.ts';
import type { Repeatable } from '../idempotency/once.ts';
import { EdgeError } from './problems.ts';

/** Printable ASCII without spaces: two fields of this name, which Node joins, are none. */
const form = /^[!-~]{1,255}$/;

/**
 * The call with its `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), which is the principal's own.
 *
 * @param principal whose key it is; of an admin's call the organization is to be in it too, for one user may have several
 * @param asked what the body asks for, without its secrets: a digest of it is kept
 * @throws {EdgeError} bad_request: the key is malformed
 */
export function repeatable(request: FastifyRequest, principal: Principal, asked: object): Repeatable {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !form.test(key))) {
    throw new EdgeError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters, without spaces');
  }
  const { method, routeOptions, params } = request;
  return { scope: idOf(principal), key, request: JSON.stringify([method, routeOptions.url, params, asked]) };
}
