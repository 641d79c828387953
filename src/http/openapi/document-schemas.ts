import { createCollectionSchema } from '../routes/v1/collections.ts';
import { batchSchema } from '../routes/v1/documents.ts';
import { answer, described, pageOf, type Schema, schemaNamed, shownTime } from './schema.ts';

const collectionName = { type: 'string', pattern: '^[a-z][a-z0-9_]{0,62}$' } as const;

const shownEtag = {
  type: 'string',
  description: 'Names the state of the document, as the `ETag` of its answers does.',
} as const;

/** Names that begin with `_` are the service's. */
const ownMembers = { type: 'object', propertyNames: { pattern: '^(?!_)' }, additionalProperties: true } as const;

/** What `bytes` are, wherever they are told. */
export const bytesDescription = 'Of all documents as compact JSON in UTF-8, without the members that the service adds.';

const documents = { type: 'integer', minimum: 0 } as const;
const bytes = { type: 'integer', minimum: 0, description: bytesDescription } as const;

const { operations } = batchSchema.body.properties;

const operation: Schema = {
  ...operations.items,
  properties: {
    ...(described(operations.items, {
      op: '`insert` has a `document` and may have an `id`. `replace` has both and may have an `if_match`. `delete` has an `id` and may have an `if_match`.',
      id: 'Of an `insert`, 1 to 128 of `A-Z a-z 0-9 . _ ~ -`, neither `.` nor `..`; without one the service makes it. No two operations may have the same.',
      document: 'The whole document.',
      if_match: 'The `ETag` that the document must have.',
    })['properties'] as object),
    document: schemaNamed('NewDocument'),
  },
};

/** The schemas of collections and of their documents. */
export const documentSchemas: Readonly<Record<string, Schema>> = {
  CreateCollection: {
    ...createCollectionSchema.body,
    properties: {
      name: { ...collectionName, description: '1 to 63 of `a-z 0-9 _`, the first a letter. It never changes.' },
    },
  },
  Collection: answer({ name: collectionName, created_at: shownTime }),
  CollectionPage: pageOf('Collection'),
  DeletedCollection: answer({
    name: collectionName,
    erased: {
      anyOf: [answer({ documents, bytes }), { type: 'null' }],
      description: 'What it had; null where that is still being removed.',
    },
  }),
  Count: answer({ documents }),
  NewDocument: {
    ...ownMembers,
    description:
      'Members with names and values of your own. No name at the top may begin with `_`: such members are set by the service.',
  },
  MergePatch: {
    ...ownMembers,
    description: 'RFC 7396: members to set, objects to merge, null for members to remove.',
  },
  Document: {
    ...answer(
      {
        _id: { type: 'string', description: 'Never changes.' },
        _version: {
          type: 'integer',
          minimum: 0,
          description: '1 when it is stored first, and one more after each change; 0 where another program wrote it.',
        },
      },
      {
        _created_at: { ...shownTime, description: `${shownTime.description} Absent where another program wrote it.` },
        _updated_at: { ...shownTime, description: `${shownTime.description} Absent where another program wrote it.` },
      },
    ),
    additionalProperties: true,
    description: 'What was stored, and the members that the service adds, whose names begin with `_`.',
  },
  DocumentPage: pageOf('Document', {
    etags: {
      type: 'array',
      items: { type: 'string' },
      description: 'With `etags=true`: the `ETag` of each document of `data`, in their order.',
    },
  }),
  Emptied: answer({
    deleted: { ...documents, description: 'Documents that were removed.' },
    complete: { type: 'boolean', description: 'Whether that was all. Where it was not, the same call goes on.' },
  }),
  Imported: answer({
    lines: { type: 'integer', minimum: 0, description: 'All of the part: the next one begins this many further on.' },
    stored: { ...documents, description: 'Documents that were not there, or were there with other members.' },
    unchanged: { ...documents, description: 'Documents that were there with the same members.' },
    failed: { type: 'integer', minimum: 0, description: 'Lines that were not stored.' },
    errors: {
      type: 'array',
      maxItems: 100,
      items: answer({
        line: { type: 'integer', minimum: 1 },
        detail: {
          type: 'string',
          description: 'Begins with a pointer, such as `#/document/_id`, where a member is at fault.',
        },
      }),
      description: 'The first of them.',
    },
  }),
  Batch: { ...batchSchema.body, properties: { operations: { ...operations, items: operation } } },
  BatchResult: answer({
    results: {
      type: 'array',
      description: 'In the order of the operations.',
      items: answer(
        { op: operations.items.properties.op, id: { type: 'string' } },
        {
          version: { type: 'integer', minimum: 1, description: '`_version` of the document. Not of a `delete`.' },
          etag: { ...shownEtag, description: `${shownEtag.description} Not of a \`delete\`.` },
        },
      ),
    },
  }),
};
