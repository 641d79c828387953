import type { FastifyReply, FastifyRequest, onRequestHookHandler, RouteHandlerMethod } from 'fastify';
import { LRUCache } from 'lru-cache';
import { operator, type Principal } from '../access/principal.ts';
import { selectOrganization, selectTrail } from '../access/select-organization.ts';
import { TenantryError } from '../errors.ts';
import { authenticateFor, type Caller, type SignedInCaller } from '../organizations/authenticate-admin.ts';
import type { Organization } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { asTheyStand, type RecentRecords } from '../store/recent-records.ts';
import { bearerToken } from './bearer.ts';
import type { Server } from './framework.ts';
import { type CallLimits, countCall, isPastLimit } from './limiting.ts';
import { createOrganizationTurns, type OrganizationTurns, type Turn } from './organization-turns.ts';
import { noRoute } from './refusals.ts';
import { type Access, rowOf } from './route-table.ts';
import { type MetricsSettings, metricsReaders } from './routes/metrics.ts';
import { secretToken } from './secret-token.ts';

/** The settings that say who may call. */
export interface AccessSettings extends MetricsSettings {
  /** Undefined: nobody is the operator. */
  readonly OPERATOR_TOKEN: string | undefined;
  /** Of one organization, in work at once. */
  readonly ORGANIZATION_REQUESTS: number;
}

/** With what routes are guarded. */
export interface GuardParts {
  readonly settings: AccessSettings;
  /** Undefined: nothing is limited. */
  readonly limits: CallLimits | undefined;
}

/**
 * Puts before every route that is added from here on what its row in `route-table.ts` demands, and says what its calls
 * count as. Whoever may not call is refused before anything of the body is read; what the others are answered is theirs
 * alone, so that no cache may keep it.
 */
export function guardRoutes(server: Server, tenancy: Tenancy, parts: GuardParts): void {
  const guards = guardsOf(tenancy, parts);
  server.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      if (method === 'OPTIONS') continue;
      const { access, limitClass } = rowOf(method, route.url);
      const guard = guards[access];
      if (access === 'member') route.handler = inTurn(route.handler);
      if (guard !== undefined) route.onRequest = [guard, ...[route.onRequest ?? []].flat()];
      const isCountedLater = guard !== undefined && limitClass !== 'uncounted';
      route.config = { ...route.config, limitClass, ...(isCountedLater && { countedLater: true }) };
    }
  });
}

type Who = SignedInCaller | typeof operator;

/** Tokens whose calls were refused last. */
const mostRefused = 1_000;

/** What is demanded of a call before its route. */
interface Demands {
  /** Whether it counts against the limits of an admin who calls. */
  readonly isForAdmins: boolean;
  /** Finds who calls. It is counted then, or where it throws by its address alone. */
  identify(request: FastifyRequest): Promise<Who>;
  /** Whether they may, and what the call is about. */
  admit(request: FastifyRequest, reply: FastifyReply, who: Who): Promise<void>;
}

function guardsOf(
  tenancy: Tenancy,
  { settings, limits }: GuardParts,
): Readonly<Record<Access, onRequestHookHandler | undefined>> {
  const mayReadMetrics = metricsReaders(settings);
  const { OPERATOR_TOKEN } = settings;
  const turns = createOrganizationTurns(settings.ORGANIZATION_REQUESTS);
  const isOperator = OPERATOR_TOKEN === undefined ? () => false : secretToken(OPERATOR_TOKEN);
  const standing = asTheyStand(tenancy.records);
  const findCaller = async (request: FastifyRequest, reads: RecentRecords): Promise<Who> => {
    const token = bearerToken(request.raw);
    if (token === undefined) throw new TenantryError('not_authenticated', 'Not authenticated');
    return isOperator(token) ? operator : await authenticateFor(tenancy, reads, token);
  };
  const identify = async (request: FastifyRequest): Promise<Who> => {
    const who = await findCaller(request, readsOf(tenancy, request));
    request.principal = who === operator ? operator : who.caller;
    return who;
  };
  const refused = new LRUCache<string, true>({ max: mostRefused });
  /**
   * Finds a caller who was refused by a limit and is past it still, by what stood some seconds ago: what is refused counts
   * against no address, and a flood of it must not ask the database each time.
   */
  const findRefused = async (request: FastifyRequest): Promise<SignedInCaller | undefined> => {
    const token = bearerToken(request.raw);
    if (limits === undefined || token === undefined || !refused.has(token)) return undefined;
    const who = await findCaller(request, tenancy.recent);
    if (who !== operator && isPastLimit(limits, request, who)) {
      request.principal = who.caller;
      return who;
    }
    refused.delete(token);
    return undefined;
  };
  const count = (request: FastifyRequest, reply: FastifyReply, who?: Who): Promise<void> | undefined => {
    if (limits === undefined) return undefined;
    const onRefusal = (error: unknown): never => {
      const token = bearerToken(request.raw);
      if (token !== undefined && who !== undefined && who !== operator) refused.set(token, true);
      throw error;
    };
    try {
      return countCall(limits, request, reply, who)?.catch(onRefusal);
    } catch (error) {
      return onRefusal(error);
    }
  };
  const guard = (demands: Demands): onRequestHookHandler =>
    guardBy(async (request, reply) => {
      let who: Who;
      let before: SignedInCaller | undefined;
      try {
        before = demands.isForAdmins && refused.size > 0 ? await findRefused(request) : undefined;
        who = before ?? (await demands.identify(request));
      } catch (error) {
        await count(request, reply);
        throw error;
      }
      await count(request, reply, who);
      // Its limit began anew just now.
      if (before !== undefined) who = await demands.identify(request);
      await demands.admit(request, reply, who);
    });
  return {
    anyone: undefined,
    metrics: guardBy(async ({ raw }) => {
      if (!mayReadMetrics(raw)) throw noRoute();
    }),
    admin: guard({
      isForAdmins: true,
      identify,
      async admit(_request, _reply, who) {
        // It has no organization of its own, which is what these calls are about.
        if (who === operator) throw new TenantryError('not_authenticated', 'Not authenticated');
      },
    }),
    member: guard({
      isForAdmins: true,
      identify(request) {
        request.decidedAt = performance.now();
        return identify(request);
      },
      async admit(request, reply, who) {
        const selector = selectorOf(request);
        if (request.routeOptions.config.hasTrail) {
          const trail = await selectTrail(tenancy.records, who, selector);
          request.trail = trail;
          request.checkAgain = async () => {
            await selectTrail(tenancy.records, await findCaller(request, tenancy.recent), trail);
          };
        } else request.organization = await selectOrganization(readsOf(tenancy, request), who, selector);
        const id = request.trail ?? organizationOf(request).id;
        // The operator, who is to see and mend what floods, waits in a line apart.
        request.turn = await takeTurn(turns, who === operator ? `${operator} ${id}` : id, reply);
      },
    }),
    operator: guard({
      isForAdmins: false,
      async identify(request) {
        // To whoever is not the operator it is the same whether there is one: also which limits it counts against.
        if (OPERATOR_TOKEN === undefined || (await identify(request)) !== operator) throw noRoute();
        return operator;
      },
      async admit(request) {
        const selector = selectorOf(request);
        if (selector !== '') request.organization = await selectOrganization(standing, operator, selector);
      },
    }),
  };
}

function guardBy(check: (request: FastifyRequest, reply: FastifyReply) => Promise<void>): onRequestHookHandler {
  return (request, reply, done) => {
    reply.header('cache-control', 'no-store');
    check(request, reply).then(() => done(), done);
  };
}

/** By which a call finds who calls, and for which organization: by what stood some seconds ago where its route may. */
export function readsOf(
  { records, recent }: Pick<Tenancy, 'records' | 'recent'>,
  { routeOptions, principal }: FastifyRequest,
): RecentRecords {
  const mayBeRecent = routeOptions.config.recent === 'if told' ? recent.isTold() : routeOptions.config.recent;
  // What the operator names is looked up: another may have taken the name.
  const isRecent = principal !== operator && mayBeRecent;
  return isRecent ? recent : asTheyStand(records);
}

/** Waits for a turn of the line; it ends with the answer, or where the caller hangs up with the work under way. */
async function takeTurn(turns: OrganizationTurns, line: string, { raw }: FastifyReply): Promise<Turn> {
  const turn = await turns.take(line);
  if (raw.closed) turn.end();
  else raw.on('close', () => turn.end());
  return turn;
}

/** The handler as work of the turn that its request took. */
function inTurn(handler: RouteHandlerMethod): RouteHandlerMethod {
  return function handleInTurn(request, reply) {
    const work = () => handler.call(this, request, reply);
    return request.turn?.during(work) ?? work();
  };
}

/** The organization that the path names, as it was written there; empty where it names none. */
function selectorOf({ params }: FastifyRequest): string {
  return (params as { readonly organization?: string }).organization ?? '';
}

/** The admin who makes this call. Only for routes whose access is `admin`. */
export function callerOf(request: FastifyRequest): Caller {
  const { principal } = request;
  if (principal === undefined || principal === operator) throw unguarded(request);
  return principal;
}

/** Who makes this call. Only for routes whose access demands a token. */
export function principalOf(request: FastifyRequest): Principal {
  const { principal } = request;
  if (principal === undefined) throw unguarded(request);
  return principal;
}

/** The organization that the path names, as it stood when the call began. Only for routes whose access demands a right to it. */
export function organizationOf(request: FastifyRequest): Organization {
  const { organization } = request;
  if (organization === undefined) throw unguarded(request);
  return organization;
}

/** The id of the organization whose events the call is about. Only for routes that have `hasTrail`. */
export function trailOf(request: FastifyRequest): string {
  const { trail } = request;
  if (trail === undefined) throw unguarded(request);
  return trail;
}

/**
 * What checks again whether the caller may know of these events: the same as when the call began, but that who calls may be
 * as it stood a second ago. Only for routes that have `hasTrail`.
 */
export function checkAgainOf(request: FastifyRequest): () => Promise<void> {
  const { checkAgain } = request;
  if (checkAgain === undefined) throw unguarded(request);
  return checkAgain;
}

function unguarded({ routeOptions }: FastifyRequest): Error {
  return new Error(`${routeOptions.url} asks for what its row in src/http/route-table.ts does not demand`);
}
