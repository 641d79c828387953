import { exportSchema, importSchema } from '../routes/v1/transfer.ts';
import type { Call } from './call.ts';
import { collectionCallFails, faultOf, organizationCallFails } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const mediaType = 'application/x-ndjson';

const created_at = '2026-11-24T09:30:00.000Z';
const set = { _version: 1, _created_at: created_at, _updated_at: created_at } as const;
const draft = {
  _id: 'inv-1001',
  ...set,
  number: 1001,
  customer: 'Globex',
  total: 129.5,
  status: 'draft',
  note: 'Check the address',
} as const;
const paid = { _id: 'inv-1002', ...set, number: 1002, customer: 'Initech', total: 48, status: 'paid' } as const;
const invoices = { documents: 2, bytes: 156 } as const;

const exported = linesOf(
  { collection: 'invoices', document: draft },
  { collection: 'invoices', document: paid },
  {
    manifest: {
      collections: { invoices },
      ...invoices,
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
  },
);

/** The calls that take all documents of an organization out, and bring them in. */
export const transferCalls: readonly Call[] = [
  {
    method: 'get',
    path: '/v1/organizations/{organization}/export',
    tag: 'Documents',
    id: 'exportDocuments',
    summary: 'Export all documents',
    description:
      'Sends the organization\'s documents as lines of JSON, `{"collection": ..., "document": ...}` each, by collection and id. The last line, `{"manifest": ...}`, has their numbers and the SHA-256 of all bytes before it: an export without it is not whole. The export is not of one moment: what is there all the time is in it once, and what is written meanwhile may be in it as it was or as it is.',
    query: [
      {
        name: 'collection',
        description: 'This collection alone; all unless given.',
        schema: exportSchema.querystring.properties.collection,
        example: 'invoices',
      },
    ],
    success: {
      status: 200,
      description: 'The lines.',
      mediaType,
      schema: { type: 'string' },
      example: exported,
    },
    errors: { ...collectionCallFails, invalid_value: faultOf('?collection', 'must be given once') },
  },
  {
    method: 'post',
    path: '/v1/organizations/{organization}/import',
    tag: 'Documents',
    id: 'importDocuments',
    summary: 'Import documents',
    description:
      'Stores the documents of the lines of an export, each in its collection, which is created where it is missing. A new document keeps the version and the times that its line has; one that is there with other members is replaced. A line that cannot be stored is told of in the answer and does not keep the others from being stored. The body may have 8 MiB, unless another bound is set: send a longer export in parts, each of whole lines. Nothing is stored before the whole body has arrived. A part whose answer was lost is sent again, without an `Idempotency-Key`, which is not looked at: what is there with the same members stays as it is.',
    query: [
      {
        name: 'first_line',
        description: 'The number of the first line of this part, by which `errors` counts; 1 unless given.',
        schema: { ...importSchema.querystring.properties.first_line, pattern: '^[1-9]\\d{0,14}$', default: '1' },
      },
    ],
    body: {
      mediaTypes: [mediaType],
      schema: { type: 'string' },
      examples: {
        invoices: {
          summary: 'Two invoices',
          value: linesOf(
            { collection: 'invoices', document: draft },
            { collection: 'invoices', document: { _id: 'inv-1003', number: 1003, customer: 'Initech', total: 80 } },
          ),
        },
      },
    },
    success: {
      status: 200,
      description: 'What became of the lines. Also where none could be stored.',
      mediaType: 'application/json',
      schema: schemaNamed('Imported'),
      example: { lines: 2, stored: 1, unchanged: 1, failed: 0, errors: [] },
    },
    errors: {
      ...organizationCallFails,
      body_too_large: undefined,
      content_type_unsupported: { detail: `The body must be ${mediaType}` },
      invalid_value: faultOf('?first_line', 'must be a whole number from 1'),
      busy: { detail: 'Others are changing the same; try again later' },
      stopping: undefined,
    },
  },
];

function linesOf(...values: object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
