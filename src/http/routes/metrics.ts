import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../address.ts';
import { bearerToken } from '../bearer.ts';
import type { Edge } from '../edge.ts';
import type { Server } from '../framework.ts';
import { noRoute } from '../refusals.ts';

/** The settings that say who may see the metrics. */
export interface MetricsSettings {
  readonly METRICS_TOKEN: string | undefined;
  /** What is listened to: an address or a host name. */
  readonly HOST: string;
  readonly TRUST_PROXY: false | string[];
}

/** `GET /metrics`, for those who may see them; to all others there is nothing here. */
export function metricsRoutes(server: Server, { metrics, settings }: Pick<Edge, 'metrics' | 'settings'>): void {
  const mayRead = readers(settings);
  server.get('/metrics', { config: { uncounted: true } }, async (request, reply) => {
    if (!mayRead(request.raw)) throw noRoute();
    reply.header('cache-control', 'no-store').type(metrics.contentType);
    return metrics.text();
  });
}

/**
 * With a token its bearer alone. Without one whoever is on this machine, which is known only where nothing else is
 * listened to and no proxy passed the request on.
 */
function readers({ METRICS_TOKEN, HOST, TRUST_PROXY }: MetricsSettings): (request: IncomingMessage) => boolean {
  if (METRICS_TOKEN !== undefined) {
    const right = digest(METRICS_TOKEN);
    // Digests are of one length and tell nothing by how much of them is equal.
    return (request) => timingSafeEqual(digest(bearerToken(request) ?? ''), right);
  }
  if (!isLoopback(HOST) || TRUST_PROXY !== false) return () => false;
  return ({ headers }) => !Object.keys(headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
