import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import { operator, type Principal } from '../access/principal.ts';
import { selectOrganization } from '../access/select-organization.ts';
import { TenantryError } from '../errors.ts';
import { authenticateAdmin, type Caller } from '../organizations/authenticate-admin.ts';
import type { Organization } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { type Access, accessTo } from './access.ts';
import { bearerToken } from './bearer.ts';
import type { Server } from './framework.ts';
import { noRoute } from './refusals.ts';
import { type MetricsSettings, metricsReaders } from './routes/metrics.ts';
import { secretToken } from './secret-token.ts';

/** The settings that say who may call. */
export interface AccessSettings extends MetricsSettings {
  /** Undefined: nobody is the operator. */
  readonly OPERATOR_TOKEN: string | undefined;
}

/**
 * Puts before every route that is added from here on what its row in `access.ts` demands. Whoever may not call is refused
 * before anything of the body is read; what the others are answered is theirs alone, so that no cache may keep it.
 */
export function guardRoutes(server: Server, tenancy: Tenancy, settings: AccessSettings): void {
  const guards = guardsOf(tenancy, settings);
  server.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      if (method === 'OPTIONS') continue;
      const guard = guards[accessTo(method, route.url)];
      if (guard !== undefined) route.onRequest = [guard, ...[route.onRequest ?? []].flat()];
    }
  });
}

type Check = (request: FastifyRequest) => Promise<void>;

function guardsOf(
  tenancy: Tenancy,
  settings: AccessSettings,
): Readonly<Record<Access, onRequestHookHandler | undefined>> {
  const mayReadMetrics = metricsReaders(settings);
  const { OPERATOR_TOKEN } = settings;
  const isOperator = OPERATOR_TOKEN === undefined ? () => false : secretToken(OPERATOR_TOKEN);
  const authenticate = async (request: FastifyRequest): Promise<Principal> => {
    const token = bearerToken(request.raw);
    if (token === undefined) throw new TenantryError('not_authenticated', 'Not authenticated');
    return isOperator(token) ? operator : await authenticateAdmin(tenancy, token);
  };
  return {
    anyone: undefined,
    metrics: guard(async ({ raw }) => {
      if (!mayReadMetrics(raw)) throw noRoute();
    }),
    admin: guard(async (request) => {
      const principal = await authenticate(request);
      // It has no organization of its own, which is what these calls are about.
      if (principal === operator) throw new TenantryError('not_authenticated', 'Not authenticated');
      request.principal = principal;
    }),
    member: guard(async (request) => {
      request.principal = await authenticate(request);
      request.organization = await selectOrganization(tenancy.records, request.principal, selectorOf(request));
    }),
    operator: guard(async (request) => {
      if (OPERATOR_TOKEN === undefined) throw noRoute();
      request.principal = await authenticate(request);
      if (request.principal !== operator) throw noRoute();
      const selector = selectorOf(request);
      if (selector !== '') request.organization = await selectOrganization(tenancy.records, operator, selector);
    }),
  };
}

function guard(check: Check): onRequestHookHandler {
  return (request, reply, done) => {
    reply.header('cache-control', 'no-store');
    check(request).then(() => done(), done);
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

/** The organization that the path names, as it stood when the call began. Only for routes whose access demands a right to it. */
export function organizationOf(request: FastifyRequest): Organization {
  const { organization } = request;
  if (organization === undefined) throw unguarded(request);
  return organization;
}

function unguarded({ routeOptions }: FastifyRequest): Error {
  return new Error(`${routeOptions.url} asks for what its row in src/http/access.ts does not demand`);
}
