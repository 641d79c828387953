import type { FastifyRequest } from 'fastify';
import { idOf, type Principal } from '../access/principal.ts';
import { digestOfParts } from '../idempotency/idempotency-key.ts';
import type { Repeatable } from '../idempotency/once.ts';
import { paceFor } from '../store/slices.ts';
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
export async function repeatable(request: FastifyRequest, principal: Principal, asked: object): Promise<Repeatable> {
  const key = request.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || !form.test(key))) {
    throw new EdgeError('bad_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters, without spaces');
  }
  const { method, routeOptions, organization, params } = request;
  const scope = organization === undefined ? idOf(principal) : `${idOf(principal)} ${organization.id}`;
  if (key === undefined) return { scope, key, request: '' };
  // By its id, however the path names it.
  const named = organization === undefined ? params : { ...(params as object), organization: organization.id };
  const told = JSON.stringify([method, routeOptions.url, named]).slice(0, -1);
  return { scope, key, request: await digestOfParts(partsOf(told, asked), paceFor(organization?.id ?? '')) };
}

/** The JSON of an array, of which all but the last element is told; a list that is asked for gives a part for each element. */
function* partsOf(told: string, asked: object): Generator<string> {
  if (!Array.isArray(asked)) return yield `${told},${JSON.stringify(asked)}]`;
  yield `${told},[`;
  for (const [place, element] of asked.entries()) yield (place === 0 ? '' : ',') + JSON.stringify(element);
  yield ']]';
}
