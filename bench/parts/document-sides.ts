import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { type Asked, ask, demandAlike } from '../alike.ts';
import { type BareOptions, headersToRepeat, startBare } from '../bare/start.ts';
import { batchOf, type DocumentsGround, document } from '../documents-ground.ts';
import { request } from '../load-client.ts';
import { type Serving, startService } from '../service.ts';

/** The service under its default settings, and a bare server that does the same with the same documents. */
export interface Sides {
  readonly service: Serving;
  readonly bare: Serving;
  stop(): Promise<void>;
}

/**
 * Starts both, and makes sure that they answer alike.
 *
 * @param asked a request that will be measured
 * @param bareOptions what the bare server does beside it
 */
export async function startSides(
  ground: DocumentsGround,
  asked: Asked,
  bareOptions: Pick<BareOptions, 'log'> = {},
): Promise<Sides> {
  const { directory, place, settings } = ground;
  const service = await startService({ directory, settings });
  const keys = (await (await ask(service, { path: '/.well-known/jwks.json' })).json()) as JSONWebKeySet;
  const bare = await startBare({
    ...(place === undefined ? { directory: join(directory, 'bare') } : { directory, mongodb: place }),
    headers: await headersToRepeat(service, asked),
    routes: ['documents'],
    keys,
    ...bareOptions,
  });
  await demandAlike([service, bare], asked);
  return {
    service,
    bare,
    stop: async () => void (await Promise.all([service.stop(), bare.stop()])),
  };
}

/** Reads a document of each organization in turn, until each was read once. */
export function documentReads({ tenants }: Pick<DocumentsGround, 'tenants'>): string[] {
  const [first] = tenants;
  return (first?.documents ?? []).flatMap((_, at) =>
    tenants.map(({ path, token, documents }) => request('GET', `${path}/${documents[at]}`, { token })),
  );
}

/** Inserts a document into each organization in turn. */
export function documentInserts({ tenants }: Pick<DocumentsGround, 'tenants'>): string[] {
  return tenants.map(({ path, token }, number) => request('POST', path, { token, body: document(number) }));
}

/** Documents of a batch that is measured. */
export const inBatch = 1_000;

/** Inserts a batch into each organization in turn. */
export function documentBatches({ tenants }: Pick<DocumentsGround, 'tenants'>): string[] {
  return tenants.map(({ path, token }) => request('POST', `${path}/batch`, { token, body: batchOf(inBatch) }));
}

/** The read, the insertion and the batch by which both sides are compared before they are measured. */
export function askedOf({ tenants }: Pick<DocumentsGround, 'tenants'>): Record<'read' | 'insert' | 'batch', Asked> {
  const { path = '', token = '', documents = [] } = tenants[0] ?? {};
  const varying = ['_id', '_created_at', '_updated_at', 'id', 'etag', 'location'];
  return {
    read: { path: `${path}/${documents[0]}`, token },
    insert: { path, token, body: document(0), varying },
    batch: { path: `${path}/batch`, token, body: batchOf(1), varying },
  };
}
