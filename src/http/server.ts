import { setImmediate } from 'node:timers/promises';
import type { preHandlerHookHandler } from 'fastify';
import { wait } from '../organizations/wait.ts';
import { guardRoutes } from './authentication.ts';
import { forgetBodies } from './body.ts';
import type { Edge } from './edge.ts';
import { refusedCondition } from './etag.ts';
import { buildFramework, type Server } from './framework.ts';
import { callLimits } from './limiting.ts';
import { pagesRoutes } from './pages/pages.ts';
import { type QuerySchema, strictQuery } from './query.ts';
import { keepToRoles, rolesElsewhere, serves } from './roles.ts';
import { adminRoutes } from './routes/admin.ts';
import { healthRoutes } from './routes/health.ts';
import { keysRoutes } from './routes/keys.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { organizationsRoutes } from './routes/organizations.ts';
import { rootRoutes } from './routes/root.ts';
import { clustersRoutes } from './routes/v1/clusters.ts';
import { collectionsRoutes } from './routes/v1/collections.ts';
import { documentsRoutes } from './routes/v1/documents.ts';
import { eventsRoutes } from './routes/v1/events.ts';
import { organizationsRoutesV1 } from './routes/v1/organizations.ts';
import { transferRoutes } from './routes/v1/transfer.ts';

/** Generated, and kept with the sources. */
const openApi = new URL('../../openapi.json', import.meta.url);

/** Makes the server of a process, with the routes of its roles. It is ready to `listen`, or for `inject`. */
export function buildServer(edge: Edge): Server {
  const { log, tracer, metrics, settings, tenancy } = edge;
  const limits = settings.RATE_LIMIT ? callLimits(tenancy.limits, settings) : undefined;
  const onAnswer: typeof metrics.onAnswer = (answered) => metrics.onAnswer(answered);
  const elsewhere = rolesElsewhere(settings.ROLES);
  const hashesWaiting = () => tenancy.passwords.waiting;
  const server = buildFramework({ log, tracer, onAnswer, limits, hashesWaiting, elsewhere, settings });
  guardRoutes(server, tenancy, { settings, limits });
  keepToRoles(server, settings.ROLES);
  server.addHook('onRoute', forgetBodies);
  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/')) return;
    const querystring = strictQuery(route.schema?.querystring as Partial<QuerySchema> | undefined);
    route.schema = { ...route.schema, querystring };
    const onlyReads = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD');
    if (onlyReads || route.config?.conditional) return;
    const refuse: preHandlerHookHandler = (request, _reply, done) => done(refusedCondition(request));
    route.preHandler = [refuse, ...[route.preHandler ?? []].flat()];
  });
  addRoutes(server, edge);
  return server;
}

function addRoutes(server: Server, edge: Edge): void {
  const { tenancy, keys, settings } = edge;
  const bodies = { document: settings.DOCUMENT_BYTES, batch: settings.BATCH_BYTES };
  const { ROLES: roles } = settings;
  healthRoutes(server, edge);
  metricsRoutes(server, edge);
  if (serves(roles, 'api')) {
    rootRoutes(server, edge);
    pagesRoutes(server, openApi);
  }
  if (serves(roles, 'auth')) {
    adminRoutes(server, tenancy);
    keysRoutes(server, edge);
  }
  if (serves(roles, 'organizations')) {
    organizationsRoutes(server, tenancy);
    organizationsRoutesV1(server, tenancy, keys);
    clustersRoutes(server, tenancy);
    eventsRoutes(server, tenancy, keys);
  }
  if (serves(roles, 'documents')) {
    collectionsRoutes(server, tenancy, keys);
    documentsRoutes(server, tenancy, keys, bodies);
    transferRoutes(server, tenancy, bodies);
  }
}

/** How a server is stopped. */
export interface Stopping {
  /** After which the connections that are left are cut. */
  readonly seconds: number;
  /** For which those on which no answer is owed stay open: a proxy may send on one of them at this moment. */
  readonly graceSeconds?: number;
}

/**
 * Stops the server: no more connections, those on which no answer is owed are ended, at once or after the grace, what is in
 * flight is answered as its connection's last. Resolves when all connections have ended.
 */
export async function stopServer(
  server: Pick<Server, 'close' | 'connections'>,
  { seconds, graceSeconds = 0 }: Stopping,
): Promise<void> {
  const { connections } = server;
  connections.stop();
  const cut = setTimeout(() => connections.endAll(), seconds * 1_000);
  // What has reached this machine is read before its connection is taken for silent; the second turn is sure to poll.
  await setImmediate();
  await setImmediate();
  const closed = server.close();
  if (graceSeconds > 0) {
    const over = new AbortController();
    const ended = closed.then(() => over.abort());
    await Promise.race([wait(graceSeconds * 1_000, over.signal), ended]);
    over.abort();
  }
  connections.endSilent();
  await closed;
  clearTimeout(cut);
}
