import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { typeid } from 'typeid-js';

/** A document to be stored; `members` is JSON. */
export interface NewDocument {
  readonly id: string;
  readonly at: string;
  readonly members: string;
}

/** Where the documents of the bare server are. An organization is named by its id. */
export interface BareStore {
  isLive(organization: string): boolean;
  /** A document as JSON. */
  read(organization: string, id: string): string | undefined | Promise<string | undefined>;
  /** All or nothing, and on disk when it resolves. */
  insert(organization: string, documents: readonly NewDocument[]): Promise<unknown>;
}

const path = '/v1/organizations/:organization/collections/default/documents';

/** The documents of an organization's first collection, read by id, and inserted one by one or many at once. */
export function documentRoutes(server: FastifyInstance, store: BareStore, keys: JSONWebKeySet): void {
  const organizationOf = caller(keys, store);

  server.get(`${path}/:id`, async (request, reply) => {
    const organization = await organizationOf(request);
    if (organization === undefined) return reply.code(401).send({});
    const text = await store.read(organization, (request.params as { id: string }).id);
    return text === undefined ? reply.code(404).send({}) : tell(reply, text);
  });

  server.post(path, async (request, reply) => {
    const organization = await organizationOf(request);
    if (organization === undefined) return reply.code(401).send({});
    const document = newDocument(request.body as object);
    await store.insert(organization, [document]);
    reply.code(201).header('location', `${request.url}/${document.id}`);
    return tell(reply, textOf(document));
  });

  server.post<{ Body: { operations: { document: object }[] } }>(`${path}/batch`, async (request, reply) => {
    const organization = await organizationOf(request);
    if (organization === undefined) return reply.code(401).send({});
    const documents = request.body.operations.map(({ document }) => newDocument(document));
    await store.insert(organization, documents);
    return { results: documents.map(resultOf) };
  });
}

/** The organization whose admin's token the request carries, where it is the one of the path. A token is verified once. */
function caller(keys: JSONWebKeySet, store: BareStore): (request: FastifyRequest) => Promise<string | undefined> {
  const keySet = createLocalJWKSet(keys);
  const verified = new Map<string, JWTPayload>();
  return async ({ headers, params }) => {
    const token = headers.authorization?.slice('Bearer '.length) ?? '';
    let claims = verified.get(token);
    if (claims === undefined) {
      ({ payload: claims } = await jwtVerify(token, keySet, { issuer: 'tenantry', audience: 'tenantry' }));
      verified.set(token, claims);
    }
    const { organization } = params as { organization: string };
    const isRight = Number(claims.exp) * 1_000 > Date.now() && claims['organization_id'] === organization;
    return isRight && store.isLive(organization) ? organization : undefined;
  };
}

function newDocument(members: object): NewDocument {
  return { id: typeid('doc').toString(), at: new Date().toISOString(), members: JSON.stringify(members) };
}

function textOf({ id, at, members }: NewDocument): string {
  return documentText({ id, version: 1, created_at: at, updated_at: at, members });
}

/** A document's JSON, of members that are JSON already. */
export function documentText({ id, version, created_at, updated_at, members }: Record<string, unknown>): string {
  const own = { _id: id, _version: version, _created_at: created_at, _updated_at: updated_at };
  return `${JSON.stringify(own).slice(0, -1)},${String(members).slice(1)}`;
}

function resultOf(document: NewDocument): object {
  return { op: 'insert', id: document.id, version: 1, etag: etagOf(textOf(document)) };
}

function etagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url')}"`;
}

function tell(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('etag', etagOf(text)).type('application/json; charset=utf-8').send(text);
}
