import assert from 'node:assert/strict';
import type { Level } from '../../src/store/documents.ts';
import { type Answer, send } from '../http-documents/calls.ts';
import {
  type DocumentsGround,
  documentsOf,
  makeCollection,
  pageOf,
  put,
  type Tenant,
} from '../http-documents/ground.ts';
import { type ApiCall, bodyText, filled, tenantCalls, type Values } from './calls.ts';

/** An organization with something in every place that a call can name. */
export interface Stocked {
  readonly tenant: Tenant;
  readonly level: Level;
  readonly values: Values;
  /** Cursors of its lists of documents, of the default collection, and of collections. */
  readonly cursors: readonly string[];
  /** Texts of which none may be told to anybody else. */
  readonly secrets: readonly string[];
}

/** The key under which the victim has made every POST. */
export const victimsKey = 'the-key-of-the-victim';

/** Stands for values that nobody has; each as long as the victim's, so that answers are of one length. */
export function absentFor({ values }: Stocked): Values {
  const changed = (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`;
  return {
    organization: changed(values.organization),
    collection: changed(values.collection),
    id: changed(values.id),
    etag: `"${changed(values.etag.slice(1, -1))}"`,
    user: changed(values.user),
  };
}

/** Makes the organization whose data are sought. */
export async function stockVictim(ground: DocumentsGround, level: Level): Promise<Stocked> {
  const mark = `secret-of-${level}`;
  const tenant = await ground.tenant(`Victim ${level} Corp`, level);
  const collection = `hidden_${level}`;
  const id = `hidden-${level}-document`;
  await makeCollection(tenant, collection);
  for (const name of [collection, 'default']) {
    for (const each of [id, `${id}-2`]) await put(tenant, each, { mark, of: name }, name);
  }
  const made: string[] = [];
  for (const call of tenantCalls.filter(({ method }) => method === 'POST')) {
    const path = filled(call, { organization: tenant.id, collection, id, etag: '', user: '' });
    const sent = { token: tenant.token, headers: { 'idempotency-key': victimsKey } };
    const { text } = await attempt(ground, { call, path, ...sent });
    made.push(...(text.match(typeId) ?? []));
  }
  const stored = await tenant.send('GET', documentsOf(collection, id));
  const listed = await tenant.send('GET', '/collections?limit=1');
  const events = await tenant.send('GET', '/events?limit=1');
  const pages = [listed, events].map(({ body }) => body['next_cursor']);
  const cursors = [(await pageOf(tenant, { limit: '1' })).next_cursor, ...pages];
  const shownAs = await tenant.send('GET', '');
  const { admin, collection_name } = shownAs.body as { admin: { id: string; email: string }; collection_name: string };
  return {
    tenant,
    level,
    values: { organization: tenant.id, collection, id, etag: String(stored.headers['etag']), user: admin.id },
    cursors: cursors.map(String),
    secrets: [mark, tenant.id, tenant.name, admin.id, admin.email, collection_name, collection, id, ...made],
  };
}

/** An organization that seeks the data of others; what its calls have changed is put right before the next. */
export interface Attacker {
  readonly tenant: Tenant;
  readonly level: Level;
  readonly values: Values;
  /** Puts its own data as they were. */
  restore(): Promise<void>;
}

const own = { collection: 'things', id: 'own-document' } as const;

/** Makes an attacker, who has a collection with one document. */
export async function makeAttacker(ground: DocumentsGround, level: Level): Promise<Attacker> {
  let tenant = await ground.tenant(`Attacker ${level}`, level);
  let etag = '';
  const stock = async () => {
    const { data } = (await tenant.send('GET', '/collections')).body as { data?: readonly { readonly name: string }[] };
    if (data === undefined) tenant = await ground.tenant(`Attacker ${level}`, level);
    for (const { name } of data ?? []) {
      if (name !== 'default' && name !== own.collection) await tenant.send('DELETE', `/collections/${name}`);
    }
    if (!data?.some(({ name }) => name === own.collection)) await makeCollection(tenant, own.collection);
    for (const name of ['default', own.collection]) await tenant.send('DELETE', documentsOf(name));
    etag = String((await put(tenant, own.id, { own: true }, own.collection)).headers['etag']);
  };
  await stock();
  const { admin } = (await tenant.send('GET', '')).body as { admin: { id: string } };
  return {
    get tenant() {
      return tenant;
    },
    level,
    get values() {
      return { organization: tenant.id, ...own, etag, user: admin.id };
    },
    restore: stock,
  };
}

/** A request of the suite. */
export interface Attempt {
  readonly call: ApiCall;
  /** The whole path, with its query. */
  readonly path: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** That of the call's example where it is left out. */
  readonly body?: unknown;
}

/** Sends an attempt. */
export function attempt(
  { edge }: DocumentsGround,
  { call, path, token, headers, body = call.body }: Attempt,
): Promise<Answer> {
  return send(edge, [call.method, path], {
    ...(token !== undefined && { token }),
    ...(body !== undefined && { body: bodyText(call, body) }),
    headers: { ...(call.mediaType !== undefined && { 'content-type': call.mediaType }), ...headers },
  });
}

const varying = ['x-request-id', 'date', 'content-length'];
const typeId = /\b(?:org|usr|doc|col)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g;
const tag = /"[\w-]{43}"/g;

/**
 * All of an answer but what names the request, and with `<value>` for what the caller itself had put in. Where it is a
 * success what was made differs by its new ids and tags.
 */
export function shown(answer: Answer, values: readonly string[]): string {
  const headers = Object.entries(answer.headers).filter(([name]) => !varying.includes(name));
  const body = 'request_id' in answer.body ? { ...answer.body, request_id: '' } : answer.text;
  let text = JSON.stringify([answer.status, headers, body]).replaceAll('\\', '');
  for (const value of values) text = text.replaceAll(value, '<value>');
  return answer.status < 300 ? text.replaceAll(typeId, '<id>').replaceAll(tag, '<tag>') : text;
}

/** Fails where an answer has anything of the victim's but the values that the caller had put in. */
export function assertSilent(answer: Answer, { secrets }: Stocked, given: readonly string[]): void {
  let text = `${JSON.stringify(answer.headers)} ${answer.text}`;
  for (const value of given) text = text.replaceAll(value, '');
  for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is told: ${answer.text.slice(0, 500)}`);
}

/** All that the operator can read of an organization, as texts. */
export async function everythingOf(ground: DocumentsGround, { tenant, values }: Stocked): Promise<string[]> {
  const paths = [
    '',
    '/placement',
    '/usage',
    '/collections',
    ...['default', values.collection].flatMap((name) => [documentsOf(name), `/collections/${name}/count`]),
  ];
  const texts: string[] = [];
  for (const path of paths) {
    const answer = await ground.operate('GET', `/${tenant.id}${path}`);
    assert.equal(answer.status, 200, answer.text);
    texts.push(answer.text);
  }
  return texts;
}
