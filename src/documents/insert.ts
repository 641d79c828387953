import type { Tenancy } from '../organizations/tenancy.ts';
import type { StoredDocument } from '../store/documents.ts';
import { type JsonObject, newDocumentId } from './document.ts';
import { again, inCollection, type Target, writeIn } from './in-collection.ts';
import { findKept, keeping, type Repeat } from './kept.ts';
import { checkMembers } from './members.ts';

/** What is kept of an insertion: what the request that is made again does not have. */
type Inserted = Required<Pick<StoredDocument, 'id' | 'created_at'>>;

/**
 * Stores a new document under an id of its own.
 *
 * @throws {TenantryError} invalid_value, document_too_large, quota_exceeded, idempotency_key_reused, idempotency_keys_full,
 *   organization_not_found, collection_not_found, busy, stopping, storage_unavailable
 */
export function insertDocument(
  tenancy: Tenancy,
  target: Target,
  members: JsonObject,
  repeat?: Repeat,
): Promise<StoredDocument> {
  const text = checkMembers(members, tenancy.documentLimits);
  return inCollection(tenancy, target, async (routed) => {
    const before = await findKept<Inserted>(tenancy, routed, repeat);
    if (before !== undefined) return documentOf(before, text);
    const inserted = { id: newDocumentId(), created_at: tenancy.now().toISOString() };
    const document = documentOf(inserted, text);
    const { collection } = target;
    const keep = keeping(tenancy, routed, repeat && { ...repeat, answer: inserted });
    const changes = [{ op: 'insert', document }] as const;
    const outcome = await writeIn(tenancy, routed, { collection, changes, keep });
    return outcome.result === 'done' ? document : again(outcome, routed);
  });
}

function documentOf({ id, created_at }: Inserted, members: string): StoredDocument {
  return { id, version: 1, created_at, updated_at: created_at, members };
}
