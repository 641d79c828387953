import { Readable } from 'node:stream';
import { exportDocuments } from '../../../documents/export.ts';
import { importDocuments } from '../../../documents/import.ts';
import type { Tenancy } from '../../../organizations/tenancy.ts';
import { organizationOf } from '../../authentication.ts';
import { bodyLimitFor } from '../../body.ts';
import type { Server } from '../../framework.ts';
import { linesOf, ndjson, parseNdjsonBody, refuseOtherBody } from '../../ndjson.ts';
import { originOf } from '../../origin.ts';
import { EdgeError } from '../../problems.ts';
import type { BodyLimits } from './documents.ts';

/** What `GET .../export` takes. */
export const exportSchema = {
  querystring: { type: 'object', properties: { collection: { type: 'string' } } },
} as const;

/** What `POST .../import` takes. Its body is bytes, whose lines are read one by one. */
export const importSchema = {
  querystring: { type: 'object', properties: { first_line: { type: 'string' } } },
  body: {},
} as const;

const path = '/v1/organizations/:organization';

/** All documents of an organization, out and in. */
export function transferRoutes(server: Server, tenancy: Tenancy, limits: BodyLimits): void {
  server.get(`${path}/export`, { schema: exportSchema }, async (request, reply) => {
    const chunks = await exportDocuments(tenancy, organizationOf(request), request.query.collection);
    // Of an answer to HEAD the body would be read to its end, for nobody.
    const sent = request.method === 'HEAD' ? [] : server.workload.inPieces(chunks);
    server.workload.giveBack(reply.raw);
    return reply.type(ndjson).send(Readable.from(sent, { objectMode: false }));
  });

  // By itself, so that no other route takes such a body, nor this one another.
  server.register((own: Server, _options, done) => {
    own.removeAllContentTypeParsers();
    own.addContentTypeParser(ndjson, { parseAs: 'buffer' }, parseNdjsonBody);
    own.addContentTypeParser('*', { parseAs: 'buffer' }, refuseOtherBody);
    own.post(`${path}/import`, { schema: importSchema, bodyLimit: limits.batch }, async (request) => {
      const { query, body = Buffer.alloc(0) } = request;
      const range = { first: readFirstLine(query.first_line), most: bodyLimitFor(limits.document) };
      // Of each batch of its lines what stands is read.
      await request.turn?.enlarge();
      const lines = linesOf(body as Buffer, range);
      return await importDocuments(tenancy, organizationOf(request), lines, originOf(request));
    });
    done();
  });
}

function readFirstLine(text = '1'): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  const [pointer, detail] = ['?first_line', 'must be a whole number from 1'] as const;
  throw new EdgeError('invalid_value', `${pointer} ${detail}`, { faults: [{ pointer, detail }] });
}
