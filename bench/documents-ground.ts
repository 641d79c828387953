import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { ask } from './alike.ts';
import { admin, creation, type MongodbPlace, signIn } from './ground.ts';
import type { LoadClient } from './load-client.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from './service.ts';

/** An organization, with the token of its admin. */
export interface Tenant {
  readonly id: string;
  readonly token: string;
  /** The path of its documents. */
  readonly path: string;
  /** The ids of its documents. */
  readonly documents: readonly string[];
}

/** Organizations with documents of 1 KB, made by the service. */
export interface DocumentsGround {
  /** Holds `data`, and on the embedded engine `bare`, which is the same for the bare server to write to. */
  readonly directory: string;
  readonly place?: MongodbPlace;
  /** What a service is started with to work there. */
  readonly settings: Readonly<Record<string, string>>;
  readonly tenants: readonly Tenant[];
}

/** How much the comparisons work with, on every engine. */
export const documentsExtent = { organizations: 10, documents: 200 } as const;

/** With what it is made. */
export interface DocumentsGroundOptions extends Pick<DocumentsGround, 'directory' | 'place'> {
  readonly load: LoadClient;
  readonly organizations: number;
  /** Of each organization, at most 1,000. */
  readonly documents: number;
  /** Further settings of the service. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Makes the ground, and its directory. Its tokens are good for a day. */
export async function prepareDocuments(options: DocumentsGroundOptions): Promise<DocumentsGround> {
  const { directory, place, load, organizations, documents } = options;
  mkdirSync(directory);
  const settings = { ...limitsOutOfReach, ...place?.settings, ...options.settings };
  const service = await startService({
    directory,
    settings: { ...leastCost, ...settings, ACCESS_TOKEN_MINUTES: '1440' },
  });
  const numbers = Array.from({ length: organizations }, (_, number) => number);
  await load.send({ ...service, streams: [{ requests: numbers.map(creation), connections: 8 }] }, 201);
  const tenants: Tenant[] = [];
  for (const number of numbers) tenants.push(await fill(service, await tenantOf(service, number), documents));
  await service.stop();
  if (place === undefined) cpSync(join(directory, 'data'), join(directory, 'bare'), { recursive: true });
  return { directory, ...(place !== undefined && { place }), settings, tenants };
}

/** The organization that `creation` made of this number, signed in. */
export async function tenantOf(service: Serving, number: number): Promise<Tenant> {
  const token = await signIn(service, admin(number).email);
  const id = String(decodeJwt(token)['organization_id']);
  return { id, token, path: `/v1/organizations/${id}/collections/default/documents`, documents: [] };
}

/** Stores documents of an organization. */
export async function fill(service: Serving, tenant: Tenant, documents: number): Promise<Tenant> {
  const { token, path } = tenant;
  const answer = await ask(service, { path: `${path}/batch`, body: batchOf(documents), token });
  if (answer.status !== 200) throw new Error(`no documents: ${answer.status} ${await answer.text()}`);
  const { results } = (await answer.json()) as { results: { id: string }[] };
  return { ...tenant, documents: results.map(({ id }) => id) };
}

/** The body of a batch that inserts so many documents. */
export function batchOf(documents: number): object {
  return {
    operations: Array.from({ length: documents }, (_, number) => ({ op: 'insert', document: document(number) })),
  };
}

/** What a document counts: the UTF-8 bytes of its own members. */
export const documentBytes = 1_024;

/** An order such as a shop has it: some texts, some numbers, a list. Its JSON has 1,024 bytes. */
export function document(number: number): object {
  const order = {
    number: 100_000 + number,
    customer: { name: 'Ada Lovelace', email: 'ada@example.com', city: 'London', vat: null },
    status: 'shipped',
    placed_at: '2026-03-14T09:26:53.589Z',
    total: 1_234.56,
    is_gift: false,
    lines: Array.from({ length: 6 }, (_, line) => ({
      sku: `SKU-${number}-${line}`,
      title: 'A thing',
      count: line,
      price: 9.5,
    })),
    note: '',
  };
  const note = 'n'.repeat(documentBytes - JSON.stringify(order).length);
  return { ...order, note };
}
