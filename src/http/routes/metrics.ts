import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../address.ts';
import { bearerToken } from '../bearer.ts';
import type { Edge } from '../edge.ts';
import type { Server } from '../framework.ts';
import { secretToken } from '../secret-token.ts';

/** The settings that say who may see the metrics. */
export interface MetricsSettings {
  readonly METRICS_TOKEN: string | undefined;
  /** What is listened to: an address or a host name. */
  readonly HOST: string;
  readonly TRUST_PROXY: false | string[];
}

/** `GET /metrics`, for those who may see them (`metricsReaders`). */
export function metricsRoutes(server: Server, { metrics }: Pick<Edge, 'metrics'>): void {
  server.get('/metrics', async (_request, reply) => {
    reply.type(metrics.contentType);
    return metrics.text();
  });
}

/**
 * Who may see the metrics. With a token its bearer alone. Without one whoever is on this machine, which is known only where
 * nothing else is listened to and no proxy passed the request on.
 */
export function metricsReaders(settings: MetricsSettings): (request: IncomingMessage) => boolean {
  const { METRICS_TOKEN, HOST, TRUST_PROXY } = settings;
  if (METRICS_TOKEN !== undefined) {
    const isReader = secretToken(METRICS_TOKEN);
    return (request) => isReader(bearerToken(request));
  }
  if (!isLoopback(HOST) || TRUST_PROXY !== false) return () => false;
  return ({ headers }) => !Object.keys(headers).some((name) => name === 'forwarded' || name.startsWith('x-forwarded-'));
}
