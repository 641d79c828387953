import { setImmediate } from 'node:timers/promises';
import { guardRoutes } from './authentication.ts';
import type { Edge } from './edge.ts';
import { refuseConditions } from './etag.ts';
import { buildFramework, type Server } from './framework.ts';
import { addressLimits } from './limiting.ts';
import { pagesRoutes } from './pages/pages.ts';
import { type QuerySchema, strictQuery } from './query.ts';
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

/** Makes the whole server. It is ready to `listen`, or for `inject`. */
export function buildServer(edge: Edge): Server {
  const { log, tracer, metrics, settings, tenancy } = edge;
  const limits = settings.RATE_LIMIT ? addressLimits(tenancy.limits, settings) : undefined;
  const onAnswer: typeof metrics.onAnswer = (answered) => metrics.onAnswer(answered);
  const hashesWaiting = () => tenancy.passwords.waiting;
  const server = buildFramework({ log, tracer, onAnswer, limits, hashesWaiting, settings });
  guardRoutes(server, tenancy, settings);
  server.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1/')) return;
    const querystring = strictQuery(route.schema?.querystring as Partial<QuerySchema> | undefined);
    route.schema = { ...route.schema, querystring };
    const onlyReads = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD');
    if (onlyReads || route.config?.conditional) return;
    route.preHandler = [async (request) => refuseConditions(request), ...[route.preHandler ?? []].flat()];
  });
  rootRoutes(server, edge);
  organizationsRoutes(server, tenancy, limits);
  adminRoutes(server, tenancy, limits);
  organizationsRoutesV1(server, tenancy, edge.keys);
  clustersRoutes(server, tenancy);
  collectionsRoutes(server, tenancy, edge.keys);
  eventsRoutes(server, tenancy, edge.keys);
  documentsRoutes(server, tenancy, edge.keys, { document: settings.DOCUMENT_BYTES, batch: settings.BATCH_BYTES });
  transferRoutes(server, tenancy, { document: settings.DOCUMENT_BYTES, batch: settings.BATCH_BYTES });
  keysRoutes(server, edge);
  healthRoutes(server, edge);
  metricsRoutes(server, edge);
  pagesRoutes(server, openApi);
  return server;
}

/**
 * Stops the server: no more connections, those on which no answer is owed are ended, what is in flight is answered as
 * its connection's last. Resolves when all connections have ended; after `seconds` those that are left are cut.
 */
export async function stopServer(
  server: Pick<Server, 'close' | 'connections'>,
  { seconds }: { seconds: number },
): Promise<void> {
  const { connections } = server;
  connections.stop();
  const cut = setTimeout(() => connections.endAll(), seconds * 1_000);
  // What has reached this machine is read before its connection is taken for silent; the second turn is sure to poll.
  await setImmediate();
  await setImmediate();
  const closed = server.close();
  connections.endSilent();
  await closed;
  clearTimeout(cut);
}
