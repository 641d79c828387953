import { listDocumentsSchema } from '../routes/v1/documents.ts';
import { type Call, pageQuery } from './call.ts';
import {
  collectionCallFails,
  documentChangeFails,
  documentStoreFails,
  faultOf,
  keyFails,
  wrongLimit,
} from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const path = '/v1/organizations/{organization}/collections/{collection}/documents';

const created_at = '2026-11-24T09:30:00.000Z';

const set = { _version: 1, _created_at: created_at, _updated_at: created_at } as const;

const firstStep = (detail: string) => faultOf('#/operations/0', detail);

/** The calls about many documents of a collection. */
export const documentListCalls: readonly Call[] = [
  {
    method: 'get',
    path,
    tag: 'Documents',
    id: 'listDocuments',
    summary: 'List documents',
    description:
      'Lists the documents of the collection page by page, by id. What is there all the time is listed once, whatever is written meanwhile. A page ends after 1 MiB, though it may then have fewer documents than `limit`; the last one has no `next_cursor`.',
    query: [
      {
        name: 'direction',
        description:
          'By rising or by falling id; `ascending` unless given. The ids that the service makes rise with time.',
        schema: { ...listDocumentsSchema.querystring.properties.direction, default: 'ascending' },
      },
      {
        name: 'etags',
        description:
          'With `true` the page has `etags` too: those of its documents, in their order, for `If-Match` and `if_match`.',
        schema: { ...listDocumentsSchema.querystring.properties.etags, default: 'false' },
      },
      ...pageQuery,
    ],
    success: {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: schemaNamed('DocumentPage'),
      example: {
        data: [
          {
            _id: 'inv-1001',
            ...set,
            number: 1001,
            customer: 'Globex',
            total: 129.5,
            status: 'draft',
            note: 'Check the address',
          },
          { _id: 'inv-1002', ...set, number: 1002, customer: 'Initech', total: 48, status: 'paid' },
        ],
        next_cursor: null,
      },
    },
    errors: { ...collectionCallFails, invalid_value: wrongLimit },
  },
  {
    method: 'delete',
    path,
    tag: 'Documents',
    id: 'emptyCollection',
    summary: 'Delete all documents of a collection',
    description:
      'Removes the documents of the collection, which itself stays. They are removed bit by bit while others work, so that what is stored meanwhile may stay. Where there are more than can be removed in a few seconds, `complete` is false and the same call goes on. A body is ignored.',
    success: {
      status: 200,
      description: 'What was removed.',
      mediaType: 'application/json',
      schema: schemaNamed('Emptied'),
      example: { deleted: 2, complete: true },
    },
    errors: documentChangeFails,
  },
  {
    method: 'post',
    path: `${path}/batch`,
    tag: 'Documents',
    id: 'runBatch',
    summary: 'Change many documents at once, all or nothing',
    description:
      'Does up to 1,000 operations on the documents of the collection, all or none of them. `insert` stores a new document, `replace` puts one in the place of a document that is there, `delete` removes one that is there; no two may name the same id. Where one cannot be done, `errors` names the first and nothing is changed. The body may have 8 MiB, unless another bound is set. With an `Idempotency-Key` the call may be sent again without doing it twice.',
    repeatable: true,
    body: {
      schema: schemaNamed('Batch'),
      examples: {
        mixed: {
          summary: 'One of each',
          value: {
            operations: [
              { op: 'insert', document: { number: 1003, customer: 'Initech', total: 80, status: 'draft' } },
              {
                op: 'replace',
                id: 'inv-1001',
                document: { number: 1001, customer: 'Globex', total: 129.5, status: 'sent' },
              },
              { op: 'delete', id: 'inv-1002' },
            ],
          },
        },
        unchanged: {
          summary: 'Only what nobody else has changed',
          value: {
            operations: [{ op: 'delete', id: 'inv-1002', if_match: '"n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"' }],
          },
        },
      },
    },
    success: {
      status: 200,
      description: 'What became of each operation, in their order.',
      mediaType: 'application/json',
      schema: schemaNamed('BatchResult'),
      example: {
        results: [
          {
            op: 'insert',
            id: 'doc_01kb1p3zj0f4mv2t8c6y5r9wqe',
            version: 1,
            etag: '"eJxLtDK0qq4FXDACyQKCbUbXo3LqvTvYk5gPZn1dQws"',
          },
          { op: 'replace', id: 'inv-1001', version: 2, etag: '"p1Qz4kXh0VYbT7sNdCwRfGm2uJ8aLe5iOx3yKrB6tEo"' },
          { op: 'delete', id: 'inv-1002' },
        ],
      },
    },
    errors: {
      ...documentStoreFails,
      document_too_large: faultOf('#/operations/0/document', 'has 1048577 bytes; it may have 1048576'),
      document_exists: firstStep('a document has this id'),
      document_not_found: firstStep('no document has this id'),
      precondition_failed: firstStep('the document is not what if_match expects'),
      ...keyFails,
      invalid_value: faultOf('#/operations/0/id', 'is required'),
    },
  },
];
