import type { FastifyRequest } from 'fastify';
import { idOf, type Principal } from '../access/principal.ts';
import type { Repeatable } from '../idempotency/once.ts';
import { EdgeError } from './problems.ts';

/** Printable ASCII without spaces: two fields of this name, which Node joins, are none. */
const form = /^[!-~]{1,255}$/;

/**
 * The call with its `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), which is the principal's own.
 *
 * @throws {EdgeError} bad_request: the key is malformed
 */
export function repeatable(request: FastifyRequest, principal: Principal): Repeatable {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !form.test(key))) {
    throw new EdgeError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters, without spaces');
  }
  const asked = JSON.stringify([request.method, request.routeOptions.url, request.params, request.body]);
  return { scope: idOf(principal), key, request: asked };
}
