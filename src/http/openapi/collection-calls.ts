import { type Call, pageQuery } from './call.ts';
import { bodyFails, collectionCallFails, faultOf, keyFails, organizationCallFails, wrongLimit } from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const created_at = '2026-11-24T09:30:00.000Z';

const path = '/v1/organizations/{organization}/collections';

const othersChange = { detail: 'Others are changing the same organization; try again later' };

/** The calls about the collections of an organization. */
export const collectionCalls: readonly Call[] = [
  {
    method: 'get',
    path,
    tag: 'Collections',
    id: 'listCollections',
    summary: 'List collections',
    description: 'Lists the collections of the organization page by page, by name.',
    query: pageQuery,
    success: {
      status: 200,
      description: 'A page.',
      mediaType: 'application/json',
      schema: schemaNamed('CollectionPage'),
      example: {
        data: [
          { name: 'default', created_at },
          { name: 'invoices', created_at },
        ],
        next_cursor: null,
      },
    },
    errors: { ...organizationCallFails, invalid_value: wrongLimit },
  },
  {
    method: 'post',
    path,
    tag: 'Collections',
    id: 'createCollection',
    summary: 'Create a collection',
    description:
      'Creates an empty collection. With an `Idempotency-Key` the call may be sent again: it then gets the same answer instead of `collection_exists`.',
    repeatable: true,
    body: {
      schema: schemaNamed('CreateCollection'),
      examples: { create: { summary: 'A collection', value: { name: 'orders' } } },
    },
    success: {
      status: 201,
      description: 'The collection.',
      headers: ['Location'],
      mediaType: 'application/json',
      schema: schemaNamed('Collection'),
      example: { name: 'orders', created_at },
    },
    errors: {
      ...organizationCallFails,
      ...bodyFails,
      collection_exists: undefined,
      quota_exceeded: { detail: 'The organization may not have more collections: it has 2 of 2' },
      clusters_full: { detail: 'There is no room for another collection in the cluster' },
      ...keyFails,
      invalid_value: faultOf('#/name', 'must be 1 to 63 of a-z 0-9 _, and begin with a letter'),
      busy: othersChange,
    },
  },
  {
    method: 'get',
    path: `${path}/{collection}`,
    tag: 'Collections',
    id: 'getCollection',
    summary: 'Read a collection',
    description: 'Says whether the collection is there, and since when.',
    success: {
      status: 200,
      description: 'The collection.',
      mediaType: 'application/json',
      schema: schemaNamed('Collection'),
      example: { name: 'invoices', created_at },
    },
    errors: collectionCallFails,
  },
  {
    method: 'delete',
    path: `${path}/{collection}`,
    tag: 'Collections',
    id: 'deleteCollection',
    summary: 'Delete a collection with its documents',
    description:
      'Deletes the collection and all its documents. From then on no call finds it and nothing more can be stored in it; its name is free again as soon as its documents are removed. `default` cannot be deleted, only emptied. A body is ignored.',
    success: {
      status: 200,
      description: 'What was deleted.',
      mediaType: 'application/json',
      schema: schemaNamed('DeletedCollection'),
      example: { name: 'invoices', erased: { documents: 2, bytes: 156 } },
    },
    errors: { ...collectionCallFails, collection_permanent: undefined, busy: othersChange },
  },
  {
    method: 'get',
    path: `${path}/{collection}/count`,
    tag: 'Collections',
    id: 'countDocuments',
    summary: 'Count the documents of a collection',
    description:
      'Says how many documents the collection has. The number is kept with every change, so that the call takes as long for many as for few.',
    success: {
      status: 200,
      description: 'How many there are.',
      mediaType: 'application/json',
      schema: schemaNamed('Count'),
      example: { documents: 2 },
    },
    errors: collectionCallFails,
  },
];
