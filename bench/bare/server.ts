/**
 * The other side of the comparisons: what somebody would write who wants these routes as fast as Fastify and SQLite
 * or MongoDB allow and nothing else. It checks no form, limits nothing, logs nothing unless it is told to, and trusts
 * what it is sent.
 */
import { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import type { BareOptions } from './start.ts';

const {
  directory,
  mongodb,
  headers,
  routes,
  cost = 12,
  keys = { keys: [] },
  log = false,
}: BareOptions = JSON.parse(process.argv[2] ?? '');

/** The fixed headers in one block, which costs less than setting each. */
class Answer extends ServerResponse {
  override writeHead(status: number, ...rest: unknown[]): this {
    return super.writeHead(status, { ...headers, ...(rest.at(-1) as object) });
  }
}

/** A batch of documents is larger than what Fastify takes by default. */
const bodyLimit = 8_388_608;
const server = fastify({ bodyLimit, logger: log, http: { ServerResponse: Answer as typeof ServerResponse } });
// Imported only where used: a process that reads carries nothing of one that writes.
if (mongodb === undefined) {
  if (routes.includes('read')) (await import('./read.ts')).readRoute(server, directory);
  if (routes.includes('sign-in')) (await import('./sign-in.ts')).signInRoute(server, directory);
  if (routes.includes('create')) (await import('./create.ts')).createRoute(server, directory, cost);
  if (routes.includes('documents')) {
    const store = (await import('./documents.ts')).openDocuments(directory);
    (await import('./document-routes.ts')).documentRoutes(server, store, keys);
  }
} else {
  const database = await (await import('./mongodb.ts')).openDatabase(mongodb);
  if (routes.includes('read')) (await import('./mongodb-read.ts')).mongodbReadRoute(server, database);
  if (routes.includes('sign-in')) await (await import('./mongodb-sign-in.ts')).mongodbSignInRoute(server, database);
  if (routes.includes('create')) (await import('./mongodb-create.ts')).mongodbCreateRoute(server, database, cost);
  if (routes.includes('documents')) {
    const store = await (await import('./mongodb-documents.ts')).openMongodbDocuments(database);
    (await import('./document-routes.ts')).documentRoutes(server, store, keys);
  }
}

await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.((server.server.address() as AddressInfo).port);
process.on('disconnect', () => process.exit());
