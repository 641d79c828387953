import type { Edge } from '../edge.ts';
import type { Server } from '../framework.ts';

/** `GET /.well-known/jwks.json`: the keys that verify access tokens (RFC 7517). */
export function keysRoutes(server: Server, { keys }: Pick<Edge, 'keys'>): void {
  server.get('/.well-known/jwks.json', (_request, reply) => {
    // A verifier that meets a token of a key it does not know asks again, whatever it has kept.
    reply.header('cache-control', 'public, max-age=300').send(keys.jwks());
  });
}
