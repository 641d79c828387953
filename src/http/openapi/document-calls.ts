import type { Call } from './call.ts';
import {
  collectionCallFails,
  documentChangeFails,
  documentStoreFails,
  faultOf,
  keyFails,
  notPatch,
} from './call-fails.ts';
import { schemaNamed } from './schema.ts';

const path = '/v1/organizations/{organization}/collections/{collection}/documents';

const members = { number: 1001, customer: 'Globex', total: 129.5, status: 'draft', note: 'Check the address' } as const;
const { note: _note, ...sent } = { ...members, status: 'sent' } as const;

const created_at = '2026-11-24T09:30:00.000Z';

const set = { _id: 'inv-1001', _version: 1, _created_at: created_at, _updated_at: created_at } as const;
const setAgain = { ...set, _version: 2, _updated_at: '2026-11-24T16:05:12.480Z' } as const;

const ownName = faultOf('#/_note', 'must not begin with _: such members are set by the service');

/** The calls about one document. */
export const documentCalls: readonly Call[] = [
  {
    method: 'post',
    path,
    tag: 'Documents',
    id: 'insertDocument',
    summary: 'Store a new document',
    description:
      'Stores the body as a new document. Its id is made by the service, and ids sort by the time they were made; to choose an id, use `PUT`. With an `Idempotency-Key` the call may be sent again without storing two.',
    repeatable: true,
    body: {
      schema: schemaNamed('NewDocument'),
      examples: {
        invoice: { summary: 'An invoice', value: { number: 1003, customer: 'Initech', total: 80, status: 'draft' } },
      },
    },
    success: {
      status: 201,
      description: 'The document as it is stored.',
      headers: ['ETag', 'Location'],
      mediaType: 'application/json',
      schema: schemaNamed('Document'),
      example: {
        ...set,
        _id: 'doc_01kb1p3zj0f4mv2t8c6y5r9wqe',
        number: 1003,
        customer: 'Initech',
        total: 80,
        status: 'draft',
      },
    },
    errors: { ...documentStoreFails, ...keyFails, invalid_value: ownName },
  },
  {
    method: 'get',
    path: `${path}/{id}`,
    tag: 'Documents',
    id: 'getDocument',
    summary: 'Read a document',
    description:
      'Gives the document with its `ETag`. `HEAD` tells by its status and its `ETag` alone whether the document is there, and in which state.',
    tagged: true,
    success: {
      status: 200,
      description: 'The document.',
      mediaType: 'application/json',
      schema: schemaNamed('Document'),
      example: { ...set, ...members },
    },
    errors: { ...collectionCallFails, document_not_found: undefined },
  },
  {
    method: 'put',
    path: `${path}/{id}`,
    tag: 'Documents',
    id: 'putDocument',
    summary: 'Store a document under an id of your own',
    description:
      'Stores the body under this id, in the place of the document that has it, if any: members that the body does not have are gone. The id is 1 to 128 of `A-Z a-z 0-9 . _ ~ -`, and neither `.` nor `..`. `If-None-Match: *` stores only what is new; `If-Match` with the `ETag` that was read replaces only what nobody else has changed since.',
    conditional: true,
    body: {
      schema: schemaNamed('NewDocument'),
      examples: { invoice: { summary: 'An invoice that was sent', value: sent } },
    },
    success: {
      status: 200,
      description: 'A document of this id was replaced: the document as it is now.',
      headers: ['ETag'],
      mediaType: 'application/json',
      schema: schemaNamed('Document'),
      example: { ...setAgain, ...sent },
    },
    otherSuccess: {
      status: 201,
      description: 'No document had this id: the document as it is stored.',
      headers: ['ETag'],
      mediaType: 'application/json',
      schema: schemaNamed('Document'),
      example: { ...set, ...sent },
    },
    errors: { ...documentStoreFails, precondition_failed: undefined, invalid_value: ownName },
  },
  {
    method: 'patch',
    path: `${path}/{id}`,
    tag: 'Documents',
    id: 'patchDocument',
    summary: 'Change members of a document',
    description:
      'Changes the document by a merge patch (RFC 7396): members of the body replace those of the document, objects are merged member by member, null removes a member, and what the body does not name stays. Arrays are replaced as a whole. A change that others make at the same time is not lost: the patch is applied to what then stands.',
    conditional: true,
    body: {
      mediaTypes: ['application/merge-patch+json', 'application/json'],
      schema: schemaNamed('MergePatch'),
      examples: {
        send: { summary: 'Another status, and no note any more', value: { status: 'sent', note: null } },
      },
    },
    success: {
      status: 200,
      description: 'The document as it is now.',
      headers: ['ETag'],
      mediaType: 'application/json',
      schema: schemaNamed('Document'),
      example: { ...setAgain, ...sent },
    },
    errors: {
      ...documentStoreFails,
      content_type_unsupported: notPatch,
      document_not_found: undefined,
      precondition_failed: undefined,
      quota_exceeded: { detail: 'The organization may not have more bytes: it has 156 of 0' },
      invalid_value: ownName,
    },
  },
  {
    method: 'delete',
    path: `${path}/{id}`,
    tag: 'Documents',
    id: 'deleteDocument',
    summary: 'Delete a document',
    description: 'Removes the document. A body is ignored.',
    conditional: true,
    success: { status: 204, description: 'It is removed. There is no content.' },
    errors: { ...documentChangeFails, document_not_found: undefined, precondition_failed: undefined },
  },
];
