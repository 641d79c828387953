import { TenantryError } from '../errors.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import type { DocumentPage, DocumentRange, StoredDocument } from '../store/documents.ts';
import { inDecision, placeFor, type Target } from './in-collection.ts';

/**
 * The document with this id.
 *
 * @throws {TenantryError} collection_not_found, document_not_found, storage_unavailable
 */
export function readDocument(tenancy: Tenancy, target: Target, id: string): Promise<StoredDocument> {
  return byEnd(inDecision(tenancy, target, read(tenancy, target, id)), commandEnd());
}

async function read(tenancy: Tenancy, target: Target, id: string): Promise<StoredDocument> {
  const place = await placeFor(tenancy.recent, target);
  const [document] = await tenancy.documents.getMany(place, target.collection, [id]);
  if (document === undefined) throw documentNotFound();
  return document;
}

/** What is told of a document that is not there. */
export function documentNotFound(): TenantryError {
  return new TenantryError('document_not_found', 'Document not found');
}

/**
 * A page of a collection in the order of ids. What is there all the time is listed once, whatever is written meanwhile.
 *
 * @throws {TenantryError} collection_not_found, storage_unavailable
 */
export function listDocuments(tenancy: Tenancy, target: Target, range: DocumentRange): Promise<DocumentPage> {
  return byEnd(inDecision(tenancy, target, list(tenancy, target, range)), commandEnd());
}

async function list(tenancy: Tenancy, target: Target, range: DocumentRange): Promise<DocumentPage> {
  return await tenancy.documents.list(await placeFor(tenancy.recent, target), target.collection, range);
}

/**
 * How many documents a collection has, as its slots count them.
 *
 * @throws {TenantryError} collection_not_found, storage_unavailable
 */
export function countDocuments(tenancy: Tenancy, target: Target): Promise<number> {
  return byEnd(inDecision(tenancy, target, count(tenancy, target)), commandEnd());
}

async function count(tenancy: Tenancy, target: Target): Promise<number> {
  const { documents } = await tenancy.documents.usage(await placeFor(tenancy.recent, target), target.collection);
  return Math.max(0, documents);
}
