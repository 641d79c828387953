import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Operation, runBatch } from '../../../documents/batch.ts';
import { patchDocument, putDocument, removeDocument } from '../../../documents/change.ts';
import { etagOf, etagOfText, type JsonObject, textOf } from '../../../documents/document.ts';
import { emptyCollection } from '../../../documents/empty.ts';
import { insertDocument } from '../../../documents/insert.ts';
import { repeatOf } from '../../../documents/kept.ts';
import { listDocuments, readDocument } from '../../../documents/read.ts';
import type { SealKeys } from '../../../identity/seal.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import type { StoredDocument } from '../../../store/documents.ts';
import { inSlices, type Pace, paceFor } from '../../../store/slices.ts';
import { principalOf } from '../../authentication.ts';
import { checkOperations, mostOperations, refuseTooMany } from '../../batch-body.ts';
import { bodyLimitFor } from '../../body.ts';
import { expectationOf, hasTag } from '../../etag.ts';
import type { Server } from '../../framework.ts';
import { repeatable } from '../../idempotency.ts';
import { cursorAfter, pageParameters, positionOf, readLimit } from '../../paging.ts';
import { targetOf } from './collections.ts';

/** What documents and merge patches are: objects. Their own rules are the feature's. */
export const documentSchema = { body: { type: 'object' } } as const;

/** What `POST .../documents/batch` takes; which members an operation has is looked at by itself. */
export const batchSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['operations'],
    properties: {
      operations: {
        type: 'array',
        minItems: 1,
        maxItems: mostOperations,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['op'],
          properties: {
            op: { type: 'string', enum: ['insert', 'replace', 'delete'] },
            id: { type: 'string' },
            document: { type: 'object' },
            if_match: { type: 'string' },
          },
        },
      },
    },
  },
} as const;

/** What `GET .../documents` takes. */
export const listDocumentsSchema = {
  querystring: {
    type: 'object',
    properties: {
      direction: { type: 'string', enum: ['ascending', 'descending'] },
      etags: { type: 'string', enum: ['true', 'false'] },
      ...pageParameters,
    },
  },
} as const;

/** Bytes of documents after which a page ends: what is sent at once. */
const pageBytes = 1_048_576;

/** Documents that stand of which as many as are in work may have each in memory. */
const fewStanding = 4;

/** Whether a document may stand by the id of the operation, which is then read. */
function mayStand({ op, id }: Operation): boolean {
  return op !== 'insert' || id !== undefined;
}

/** The bounds of bodies, from the settings. */
export interface BodyLimits {
  /** Bytes of a document. */
  readonly document: number;
  /** Bytes of a batch. */
  readonly batch: number;
}

const path = '/v1/organizations/:organization/collections/:collection/documents';

/** The documents of a collection. */
export function documentsRoutes(server: Server, tenancy: Tenancy, keys: SealKeys, limits: BodyLimits): void {
  const config = { recent: true } as const;
  const conditional = { recent: true, conditional: true } as const;
  const forDocument = { schema: documentSchema, bodyLimit: bodyLimitFor(limits.document), config };

  server.post(path, forDocument, async (request, reply) => {
    const members = request.body as JsonObject;
    const target = targetOf(request);
    const repeat = repeatOf(await repeatable(request, principalOf(request), members));
    const document = await insertDocument(tenancy, target, members, repeat);
    const { organization, collection } = target;
    const location = `/v1/organizations/${organization.id}/collections/${collection}/documents/${document.id}`;
    reply.code(201).header('location', location);
    return tell(reply, document);
  });

  const forBatch = {
    schema: batchSchema,
    bodyLimit: limits.batch,
    config,
    preValidation: async ({ body }: FastifyRequest) => refuseTooMany(body),
  };
  server.post(`${path}/batch`, forBatch, async (request) => {
    const operations = checkOperations(request.body.operations) as readonly Operation[];
    if (operations.filter(mayStand).length > fewStanding) await request.turn?.enlarge();
    const repeat = repeatOf(await repeatable(request, principalOf(request), operations));
    return { results: await runBatch(tenancy, targetOf(request), operations, repeat) };
  });

  server.get(path, { schema: listDocumentsSchema, config }, async (request, reply) => {
    const { limit: limitText, cursor, direction = 'ascending', etags } = request.query;
    const limit = readLimit(limitText);
    const target = targetOf(request);
    const list = {
      name: `documents of ${target.organization.id}`,
      filter: { collection: target.collection, direction },
    };
    const position = await positionOf<{ after: string }>(keys, list, cursor);
    const range = { direction, after: position?.after, limit, bytes: pageBytes };
    const { documents, next } = await listDocuments(tenancy, target, range);
    const next_cursor = cursorAfter(keys, list, next === undefined ? undefined : { after: next });
    const page = await pageOf({ documents, next_cursor, hasTags: etags === 'true' }, paceFor(target.organization.id));
    return sendJson(reply, page);
  });

  server.delete(path, { config }, (request) => emptyCollection(tenancy, targetOf(request)));

  server.get(`${path}/:id`, { config }, async (request, reply) => {
    const text = textOf(await readDocument(tenancy, targetOf(request), idIn(request)));
    const etag = etagOfText(text);
    reply.header('etag', etag);
    return hasTag(request, etag) ? reply.code(304).send() : sendJson(reply, text);
  });

  server.put(`${path}/:id`, { ...forDocument, config: conditional }, async (request, reply) => {
    const target = { ...targetOf(request), id: idIn(request) };
    const members = request.body as JsonObject;
    const { document, created } = await putDocument(tenancy, target, members, expectationOf(request));
    if (created) reply.code(201);
    return tell(reply, document);
  });

  server.patch(`${path}/:id`, { ...forDocument, config: conditional }, async (request, reply) => {
    const target = { ...targetOf(request), id: idIn(request) };
    const patch = request.body as JsonObject;
    return tell(reply, await patchDocument(tenancy, target, patch, expectationOf(request)));
  });

  server.delete(`${path}/:id`, { config: conditional }, async (request, reply) => {
    await removeDocument(tenancy, { ...targetOf(request), id: idIn(request) }, expectationOf(request));
    return reply.code(204).send();
  });
}

function idIn({ params }: FastifyRequest): string {
  return (params as { readonly id: string }).id;
}

/** Documents are text already: made into values and back they would cost more than the reading of them. */
function tell(reply: FastifyReply, document: StoredDocument): FastifyReply {
  const text = textOf(document);
  return sendJson(reply.header('etag', etagOfText(text)), text);
}

/** Characters that are made into bytes at once. */
const charactersAtOnce = 65_536;

/** A page, as it was read. */
interface Page {
  readonly documents: readonly StoredDocument[];
  readonly next_cursor: string | null;
  /** Whether the ETags of the documents were asked for. */
  readonly hasTags: boolean;
}

/** A page as it is answered; others come in between. */
async function pageOf({ documents, next_cursor, hasTags }: Page, pace: Pace): Promise<Buffer> {
  const parts: Buffer[] = [];
  let text = '{"data":[';
  for (const [number, document] of documents.entries()) {
    text += number === 0 ? textOf(document) : `,${textOf(document)}`;
    if (text.length < charactersAtOnce) continue;
    parts.push(Buffer.from(text));
    text = '';
    if (pace.isOver()) await pace.next();
  }
  // Each costs the hash of its document, which who only reads does not need.
  const tags = hasTags ? `"etags":${JSON.stringify(await inSlices(documents, pace, etagOf))},` : '';
  parts.push(Buffer.from(`${text}],${tags}"next_cursor":${JSON.stringify(next_cursor)}}`));
  return Buffer.concat(parts);
}

function sendJson(reply: FastifyReply, text: string | Buffer): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text);
}
