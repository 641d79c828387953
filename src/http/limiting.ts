import type { FastifyReply, onRequestHookHandler } from 'fastify';
import type { Limit, Limits, Standing } from '../cache/limits.ts';
import { limitKey } from './address.ts';
import { EdgeError } from './problems.ts';

/** The limits by address, and what counts them. */
export interface AddressLimits {
  readonly counter: Pick<Limits, 'take'>;
  /** All calls. */
  readonly calls: Limit;
  /** Creations of organizations. */
  readonly creations: Limit;
  /** Log-ins. */
  readonly signIns: Limit;
}

/** The limits by address that the settings name. */
export function addressLimits(counter: Pick<Limits, 'take'>, settings: LimitSettings): AddressLimits {
  return {
    counter,
    calls: { name: 'address', ...settings.LIMIT_ADDRESS },
    creations: { name: 'create', ...settings.LIMIT_CREATE_ADDRESS },
    signIns: { name: 'login', ...settings.LIMIT_LOGIN_ADDRESS },
  };
}

/** How often one address may call. */
export interface LimitSettings {
  readonly LIMIT_ADDRESS: Rate;
  readonly LIMIT_CREATE_ADDRESS: Rate;
  readonly LIMIT_LOGIN_ADDRESS: Rate;
}

type Rate = Omit<Limit, 'name'>;

/**
 * A hook that counts a request against a limit of its address, and refuses it past that. The answer tells how the
 * address stands, in the header fields of draft-ietf-httpapi-ratelimit-headers-10.
 */
export function limitByAddress(counter: Pick<Limits, 'take'>, limit: Limit): onRequestHookHandler {
  return (request, reply, done) => {
    counter.take(limit, limitKey(request.ip)).then((standing) => {
      tellStanding(reply, { limit, standing });
      if (standing.allowed) done();
      else done(tooMany(standing));
    }, done);
  };
}

/** As `limitByAddress`, for all but the routes that say they are not counted. */
export function limitCounted(counter: Pick<Limits, 'take'>, limit: Limit): onRequestHookHandler {
  const count = limitByAddress(counter, limit);
  return function limitCall(request, reply, done) {
    if (request.routeOptions.config?.uncounted) done();
    else count.call(this, request, reply, done);
  };
}

/** Tells how the caller stands against a limit, beside what was told of others. */
export function tellStanding(reply: FastifyReply, { limit, standing }: { limit: Limit; standing: Standing }): void {
  addField(reply, 'ratelimit-policy', `"${limit.name}";q=${limit.most};w=${limit.seconds}`);
  addField(reply, 'ratelimit', `"${limit.name}";r=${standing.remaining};t=${standing.resetSeconds}`);
}

/** Both fields are lists (RFC 9651 section 3.1): a call may count against several limits. */
function addField(reply: FastifyReply, name: string, value: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? value : `${before}, ${value}`);
}

function tooMany({ resetSeconds }: Standing): EdgeError {
  return new EdgeError('rate_limited', `Too many requests; try again in ${resetSeconds} s`, {
    headers: { 'retry-after': String(resetSeconds) },
  });
}
