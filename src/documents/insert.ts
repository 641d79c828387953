import type { Tenancy } from '../organizations/tenancy.ts';
import type { StoredDocument } from '../store/documents.ts';
import { type JsonObject, newDocumentId } from './document.ts';
import { again, inCollection, type Target, writeIn } from './in-collection.ts';
import { findKept, keeping, type Repeat } from './kept.ts';
import { checkMembers } from './members.ts';

/** What is kept of an insertion; the members are those of the request that is made again. */
type Inserted = Omit<StoredDocument, 'members'>;

/**
 * Stores a new document under an id of its own.
 *
 * @throws {TenantryError} invalid_value, document_too_large, quota_exceeded, idempotency_key_reused, organization_not_found,
 *   collection_not_found, busy, stopping, storage_unavailable
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
    if (before !== undefined) return { ...before, members: text };
    const created_at = tenancy.now().toISOString();
    const inserted = { id: newDocumentId(), version: 1, created_at, updated_at: created_at };
    const document = { ...inserted, members: text };
    const { collection } = target;
    const keep = keeping(tenancy, routed, repeat && { ...repeat, answer: inserted });
    const changes = [{ op: 'insert', document }] as const;
    const outcome = await writeIn(tenancy, routed, { collection, changes, keep });
    return outcome.result === 'done' ? document : again(outcome, routed);
  });
}
