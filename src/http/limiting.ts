import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { operator } from '../access/principal.ts';
import type { Claim, Limit, Limits, Standing } from '../cache/limits.ts';
import type { SignedInCaller } from '../organizations/authenticate-admin.ts';
import type { Organization } from '../organizations/organization.ts';
import { limitKey } from './address.ts';
import { EdgeError } from './problems.ts';

/** The limits on calls, and what counts them. */
export interface CallLimits {
  readonly counter: Pick<Limits, 'takeAll' | 'refusal'>;
  /** All calls of an address. */
  readonly address: Limit;
  /** Creations of organizations by an address. */
  readonly create: Limit;
  /** Log-ins of an address. */
  readonly login: Limit;
  /** All calls by one token. */
  readonly token: Limit;
  /** All calls by the tokens of an organization that has no number of its own. */
  readonly organization: Limit;
  /** Those of them that change something. */
  readonly write: Limit;
  /** Exports and imports. */
  readonly transfer: Limit;
}

/** The limits that the settings name. */
export function callLimits(counter: CallLimits['counter'], settings: LimitSettings): CallLimits {
  return {
    counter,
    address: { name: 'address', ...settings.LIMIT_ADDRESS },
    create: { name: 'create', ...settings.LIMIT_CREATE_ADDRESS },
    login: { name: 'login', ...settings.LIMIT_LOGIN_ADDRESS },
    token: { name: 'token', ...settings.LIMIT_TOKEN },
    organization: { name: 'organization', ...settings.LIMIT_ORGANIZATION },
    write: { name: 'write', ...settings.LIMIT_WRITE },
    transfer: { name: 'transfer', ...settings.LIMIT_TRANSFER },
  };
}

/** How often somebody may call. */
export interface LimitSettings {
  readonly LIMIT_ADDRESS: Rate;
  readonly LIMIT_CREATE_ADDRESS: Rate;
  readonly LIMIT_LOGIN_ADDRESS: Rate;
  readonly LIMIT_TOKEN: Rate;
  readonly LIMIT_ORGANIZATION: Rate;
  readonly LIMIT_WRITE: Rate;
  readonly LIMIT_TRANSFER: Rate;
}

type Rate = Omit<Limit, 'name'>;

/**
 * A hook that counts a request against the limits of its address, and refuses it past one. Where it is to be known who calls,
 * so that it counts against all limits in one step (`countCall`), it is only refused here where that is known already.
 */
export function limitCalls(limits: CallLimits): onRequestHookHandler {
  return (request, reply, done) => {
    const { limitClass, countedLater } = request.routeOptions.config ?? {};
    if (limitClass === 'uncounted') done();
    // What is malformed is refused before it is looked at who calls.
    else if (!countedLater || request.malformation !== undefined) {
      const count = async () => await countCall(limits, request, reply);
      count().then(() => done(), done);
    } else {
      const refusal = limits.counter.refusal(claimsOf(limits, request));
      if (refusal === undefined) done();
      else {
        tellStandings(reply, [refusal], [refusal.standing]);
        done(tooMany(refusal.standing));
      }
    }
  };
}

/**
 * Counts a request against all limits on it, in one step.
 *
 * @param who undefined where it is not known who calls: it counts against the limits of its address alone
 * @returns undefined where it is counted already
 * @throws {EdgeError} rate_limited
 */
export function countCall(
  limits: CallLimits,
  request: FastifyRequest,
  reply: FastifyReply,
  who?: SignedInCaller | typeof operator,
): Promise<void> | undefined {
  const claims = claimsOf(limits, request, who);
  const onCounted = (standings: readonly Standing[]) => {
    tellStandings(reply, claims, standings);
    for (const standing of standings) if (!standing.allowed) throw tooMany(standing);
  };
  const standings = limits.counter.takeAll(claims);
  if (standings instanceof Promise) return standings.then(onCounted);
  onCounted(standings);
  return undefined;
}

/** Whether a call by this caller is known to be past a limit. Nothing is counted, and nobody asked. */
export function isPastLimit(limits: CallLimits, request: FastifyRequest, who: SignedInCaller): boolean {
  return limits.counter.refusal(claimsOf(limits, request, who)) !== undefined;
}

function claimsOf(limits: CallLimits, request: FastifyRequest, who?: SignedInCaller | typeof operator): Claim[] {
  const { limitClass = 'read' } = request.routeOptions.config ?? {};
  const key = limitKey(request.address);
  const claims: Claim[] = [{ limit: limits.address, key }];
  if (limitClass === 'login' || limitClass === 'create') claims.push({ limit: limits[limitClass], key });
  // The operator is to see and mend what floods.
  if (who === undefined || who === operator) return claims;
  const { organization, tokenId } = who;
  claims.push({ limit: limits.token, key: tokenId }, { limit: limitOf(limits, organization), key: organization.id });
  if (limitClass === 'write' || limitClass === 'transfer') {
    claims.push({ limit: limits[limitClass], key: organization.id });
  }
  return claims;
}

function limitOf({ organization: usual }: CallLimits, { limits }: Organization): Limit {
  const own = limits?.calls_per_minute ?? null;
  return own === null ? usual : { name: usual.name, most: own, seconds: 60 };
}

/**
 * Tells how the caller stands against limits, beside what was told of others, in the header fields of
 * draft-ietf-httpapi-ratelimit-headers-10. Both are lists (RFC 9651 section 3.1).
 *
 * @param standings in the order of `told`
 */
export function tellStandings(
  reply: FastifyReply,
  told: readonly Pick<Claim, 'limit'>[],
  standings: readonly Standing[],
): void {
  let [policies, left] = [reply.getHeader('ratelimit-policy') ?? '', reply.getHeader('ratelimit') ?? ''];
  for (let at = 0; at < told.length; at += 1) {
    const [limit, standing] = [told[at]?.limit, standings[at]];
    if (limit === undefined || standing === undefined) continue;
    const comma = policies === '' ? '' : ', ';
    policies += comma + policyOf(limit);
    left += `${comma}"${limit.name}";r=${standing.remaining};t=${standing.resetSeconds}`;
  }
  reply.header('ratelimit-policy', policies).header('ratelimit', left);
}

/** Of the limits that the settings name, which are the same with each call. */
const policies = new WeakMap<Limit, string>();

function policyOf(limit: Limit): string {
  let policy = policies.get(limit);
  if (policy === undefined) {
    policy = `"${limit.name}";q=${limit.most};w=${limit.seconds}`;
    policies.set(limit, policy);
  }
  return policy;
}

function tooMany({ resetSeconds }: Standing): EdgeError {
  return new EdgeError('rate_limited', `Too many requests; try again in ${resetSeconds} s`, {
    headers: { 'retry-after': String(resetSeconds) },
  });
}
