import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import { TenantryError } from '../errors.ts';
import { authenticateAdmin, type Caller } from '../organizations/authenticate-admin.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { bearerToken } from './bearer.ts';

/**
 * A hook that lets only callers with a live token pass, before anything of the body is read. What they are answered is
 * theirs alone, so that no cache may keep it.
 */
export function requireAdmin(tenancy: Tenancy): onRequestHookHandler {
  return (request, reply, done) => {
    reply.header('cache-control', 'no-store');
    const token = bearerToken(request.raw);
    if (token === undefined) return done(new TenantryError('not_authenticated', 'Not authenticated'));
    authenticateAdmin(tenancy, token).then((caller) => {
      request.caller = caller;
      done();
    }, done);
  };
}

/** Who makes this request. Only for routes behind `requireAdmin`. */
export function callerOf(request: FastifyRequest): Caller {
  const { caller } = request;
  if (caller === undefined) throw new Error(`${request.routeOptions.url} asks for its caller without requireAdmin`);
  return caller;
}
