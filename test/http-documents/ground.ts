import assert from 'node:assert/strict';
import { type Collection, collectionKey, collections, defaultCollection } from '../../src/organizations/collection.ts';
import { isLive, type Organization, organizations, placeOf } from '../../src/organizations/organization.ts';
import type { DocumentLimits, Tenancy } from '../../src/organizations/tenancy.ts';
import { bytesOf, type Level, type TenantPlace, type Usage } from '../../src/store/documents.ts';
import type { Engine } from '../contract/engine.ts';
import { engines } from '../engines.ts';
import { openEdge, type TestEdge, type TestSettings } from '../http-edge.ts';
import { signIn } from '../tenancy.ts';
import { type Answer, type Method, type Sent, send } from './calls.ts';

/** An engine with the level that organizations are made at. */
export interface Stage {
  /** For the names of suites. */
  readonly name: string;
  readonly engine: Engine;
  readonly level: Level;
}

/** The levels that may be asked for. */
export const levels: readonly Level[] = ['pooled', 'collection', 'database', 'cluster'];

/** Every engine at every level. */
export const everyStage: readonly Stage[] = engines.flatMap((engine) =>
  levels.map((level) => ({ engine, level, name: `the ${engine.name} engine at level ${level}` })),
);

/** Every engine at the level that most organizations have. */
export const stages: readonly Stage[] = everyStage.filter(({ level }) => level === 'collection');

/** An organization, and calls as its admin. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly token: string;
  /** Calls a path below the organization's: `acme.send('GET', '/usage')`. */
  send(method: Method, path: string, sent?: Sent): Promise<Answer>;
}

/**
 * A server for calls on documents. At the end of its scope no call may have failed unexpectedly, and the slots of every
 * organization must be what is counted anew and what its collections have.
 */
export interface DocumentsGround extends AsyncDisposable {
  readonly edge: TestEdge;
  /** Creates an organization, at the ground's level unless another is asked for. */
  tenant(name: string, level?: Level): Promise<Tenant>;
  /** Calls as the operator. */
  operate(method: Method, path: string, sent?: Sent): Promise<Answer>;
  /** Where an organization's documents are. */
  placeOf(tenant: Pick<Tenant, 'id'>): Promise<TenantPlace>;
}

/** How a ground differs from the usual one. */
export interface Different {
  readonly settings?: TestSettings;
  readonly limits?: Partial<DocumentLimits>;
  /** Told of each call of the store. */
  readonly onStoreCall?: (call: string) => void;
  /** Organizations of it may be at any level, `cluster` among them. */
  readonly isMixed?: boolean;
  readonly keptBound?: Partial<Tenancy['keptBound']>;
  /** Calls may find the storage unavailable, which is then logged. */
  readonly mayBeUnavailable?: boolean;
}

/** The path of a collection's documents below the organization's, or of one of them. */
export function documentsOf(collection = defaultCollection, id?: string): string {
  return `/collections/${collection}/documents${id === undefined ? '' : `/${id}`}`;
}

const operatorToken = 'o'.repeat(32);

/** Opens a ground: `await using ground = await openDocuments(stage)`. */
export async function openDocuments(
  { engine, level }: Omit<Stage, 'name'>,
  different: Different = {},
): Promise<DocumentsGround> {
  const { settings, limits = {}, keptBound = {}, isMixed = false, mayBeUnavailable = false, onStoreCall } = different;
  const given: TestSettings = { OPERATOR_TOKEN: operatorToken, RATE_LIMIT: 'off', ...settings };
  const edge = await openEdge(given, {
    engine,
    hasCluster: isMixed || level === 'cluster',
    documentLimits: limits,
    keptBound,
    ...(onStoreCall && { onStoreCall }),
  });
  const operate: DocumentsGround['operate'] = (method, path, sent) =>
    send(edge, [method, `/v1/organizations${path}`], { token: operatorToken, ...sent });
  return {
    edge,
    operate,
    async tenant(name, chosen = level) {
      const email = `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, emailPart)}@example.com`;
      const password = `the password of ${name}`;
      const body = { name, admin: { email, password }, placement: { level: chosen } };
      const created = await operate('POST', '', { body });
      assert.equal(created.status, 201, created.text);
      const id = String(created.body['id']);
      const { token } = await signIn(edge.opened.tenancy, email, password);
      const path = `/v1/organizations/${id}`;
      return {
        id,
        name,
        email,
        token,
        send: (method, rest, sent) => send(edge, [method, path + rest], { token, ...sent }),
      };
    },
    async placeOf({ id }) {
      const organization = await edge.opened.tenancy.records.get(organizations, id);
      assert.ok(organization, `${id} is there`);
      return placeOf(organization);
    },
    async [Symbol.asyncDispose]() {
      await using _ = edge;
      const failures = edge.opened.logged.filter(
        ({ level: logged, fields }) =>
          logged === 'error' && !(mayBeUnavailable && 'code' in fields && fields.code === 'storage_unavailable'),
      );
      assert.deepEqual(failures, [], 'nothing failed on our side');
      await assertCounted(edge.opened.tenancy);
    },
  };
}

/** What stands in an email for a letter that may not: names that differ have emails that do. */
function emailPart(letter: string): string {
  return letter === ' ' ? '-' : `-${letter.charCodeAt(0)}-`;
}

/** Fails unless each organization's slots and its number of collections are what is there. */
async function assertCounted(tenancy: Tenancy): Promise<void> {
  const all = await tenancy.records.list(organizations, 'name_key', { limit: 1_000 });
  for (const organization of all.filter(isLive)) {
    const place = placeOf(organization);
    const own = await collectionsOf(tenancy, organization);
    const usages: Usage[] = [];
    for (const collection of [defaultCollection, ...own.map(({ name }) => name)]) {
      const there = await standing(tenancy, place, collection);
      const counted = await tenancy.documents.usage(place, collection);
      assert.deepEqual(counted, there, `what is counted of ${collection} of ${organization.name}`);
      usages.push(there);
    }
    const sum = usages.reduce(plus);
    const { counted, slots } = await tenancy.documents.recount(place);
    assert.deepEqual({ counted, slots }, { counted: sum, slots: sum }, `a recount of ${organization.name}`);
    assert.equal(organization.collections, own.length, `the number of collections of ${organization.name}`);
  }
}

function plus(one: Usage, other: Usage): Usage {
  return { documents: one.documents + other.documents, bytes: one.bytes + other.bytes };
}

function collectionsOf({ records }: Tenancy, { id }: Organization): Promise<Collection[]> {
  return records.list(collections, 'key', { prefix: collectionKey(id), limit: 1_000 });
}

/** What a collection has, read one by one. */
async function standing({ documents }: Tenancy, place: TenantPlace, collection: string): Promise<Usage> {
  let found: Usage = { documents: 0, bytes: 0 };
  let after: string | undefined;
  do {
    const range = { direction: 'ascending', limit: 1_000, bytes: 4_194_304, after } as const;
    const page = await documents.list(place, collection, range);
    for (const document of page.documents) found = plus(found, { documents: 1, bytes: bytesOf(document) });
    after = page.next;
  } while (after !== undefined);
  return found;
}

/** Puts a document, and gives the answer. */
export async function put(tenant: Tenant, id: string, body: unknown, collection?: string): Promise<Answer> {
  const answer = await tenant.send('PUT', documentsOf(collection, id), { body });
  assert.ok(answer.status === 200 || answer.status === 201, answer.text);
  return answer;
}

/** Makes a collection. */
export async function makeCollection(tenant: Tenant, name: string): Promise<void> {
  const answer = await tenant.send('POST', '/collections', { body: { name } });
  assert.equal(answer.status, 201, answer.text);
}

/** A page of a list. */
export interface Page {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly ids: readonly unknown[];
  readonly next_cursor: string | null;
}

/** Reads a page of a collection. */
export async function pageOf(
  tenant: Tenant,
  query: Readonly<Record<string, string>> = {},
  collection?: string,
): Promise<Page> {
  const answer = await tenant.send('GET', `${documentsOf(collection)}?${new URLSearchParams(query)}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 1_000));
  const { data, next_cursor } = answer.body as unknown as Page;
  return { data, next_cursor, ids: data.map(({ _id }) => _id) };
}

/** The documents of all pages, in their order. */
export async function everyDocument(
  tenant: Tenant,
  query: Readonly<Record<string, string>> = {},
  collection?: string,
): Promise<Page['data']> {
  const found: Page['data'][number][] = [];
  let cursor: string | null = '';
  do {
    const page: Page = await pageOf(tenant, { ...query, ...(cursor !== '' && { cursor }) }, collection);
    found.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

/** The names of all collections, from all pages of their list. */
export async function collectionNames(tenant: Tenant, limit = '1000'): Promise<unknown[]> {
  const found: unknown[] = [];
  let cursor: string | null = '';
  do {
    const query: URLSearchParams = new URLSearchParams({ limit, ...(cursor !== '' && { cursor }) });
    const page = (await tenant.send('GET', `/collections?${query}`)).body as {
      readonly data: readonly { readonly name: string }[];
      readonly next_cursor: string | null;
    };
    found.push(...page.data.map(({ name }) => name));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}
