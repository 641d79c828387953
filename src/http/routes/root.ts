import type { Edge } from '../edge.ts';
import type { Server } from '../framework.ts';

/** `GET /`: what answers here, and where its documentation is. */
export function rootRoutes(server: Server, { version }: Pick<Edge, 'version'>): void {
  const answer = { message: 'Tenantry is running', version, docs: '/docs' };
  server.get('/', (_request, reply) => {
    reply.send(answer);
  });
}
