import { TenantryError } from '../../errors.ts';
import type { Edge } from '../edge.ts';
import type { Server } from '../framework.ts';

/**
 * `GET /health/live`: the process answers. `GET /health/ready`: requests can be served; 503 while the service stops or
 * its database cannot be read.
 */
export function healthRoutes(server: Server, { ready }: Pick<Edge, 'ready'>): void {
  server.get('/health/live', (_request, reply) => {
    reply.header('cache-control', 'no-store').send({ status: 'live' });
  });
  server.get('/health/ready', async (_request, reply) => {
    if (server.connections.stopping) throw new TenantryError('stopping', 'The service is stopping');
    await ready();
    reply.header('cache-control', 'no-store');
    return { status: 'ready' };
  });
}
