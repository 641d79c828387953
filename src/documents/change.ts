import { TenantryError } from '../errors.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import type { DocumentChange, StoredDocument } from '../store/documents.ts';
import { checkDocumentId, type JsonObject } from './document.ts';
import { again, inCollection, type Target, writeIn } from './in-collection.ts';
import { checkMembers, checkPatch, checkPatched } from './members.ts';
import { mergePatch } from './merge-patch.ts';
import { documentNotFound } from './read.ts';

/** Whether what stands is what the caller expects. */
export type Expectation = (standing: StoredDocument | undefined) => boolean;

/** What became of a document. */
export interface Replaced {
  readonly document: StoredDocument;
  /** It was not there before. */
  readonly created: boolean;
}

/**
 * Puts a document in the place of the one with this id, or stores it where there is none.
 *
 * @throws {TenantryError} invalid_value, document_too_large, precondition_failed, quota_exceeded, organization_not_found,
 *   collection_not_found, busy, stopping, storage_unavailable
 */
export async function putDocument(
  tenancy: Tenancy,
  target: Target & { readonly id: string },
  members: JsonObject,
  expects: Expectation,
): Promise<Replaced> {
  const detail = checkDocumentId(target.id);
  if (detail !== undefined) {
    const issues = [{ member: 'id', inPath: true, detail }] as const;
    throw new TenantryError('invalid_value', `The id ${detail}`, { issues });
  }
  const text = checkMembers(members, tenancy.documentLimits);
  const { standing, document } = await change(tenancy, target, expects, () => text);
  if (document === undefined) throw new Error('a document that was put is not there');
  return { document, created: standing === undefined };
}

/**
 * Changes a document by a merge patch (RFC 7396).
 *
 * @throws {TenantryError} document_not_found, and as `putDocument`
 */
export async function patchDocument(
  tenancy: Tenancy,
  target: Target & { readonly id: string },
  patch: JsonObject,
  expects: Expectation,
): Promise<StoredDocument> {
  checkPatch(patch);
  const { document } = await change(tenancy, target, expects, (standing) => {
    if (standing === undefined) throw documentNotFound();
    return checkPatched(mergePatch(JSON.parse(standing.members), patch), tenancy.documentLimits);
  });
  if (document === undefined) throw new Error('a document that was patched is not there');
  return document;
}

/**
 * Removes a document.
 *
 * @throws {TenantryError} document_not_found, precondition_failed, organization_not_found, collection_not_found, busy,
 *   stopping, storage_unavailable
 */
export async function removeDocument(
  tenancy: Tenancy,
  target: Target & { readonly id: string },
  expects: Expectation,
): Promise<void> {
  await change(tenancy, target, expects, (standing) => {
    if (standing === undefined) throw documentNotFound();
    return undefined;
  });
}

interface Changed {
  readonly standing: StoredDocument | undefined;
  readonly document: StoredDocument | undefined;
}

/** @param next gives the members of the document as it will be, or undefined where it will not be */
function change(
  tenancy: Tenancy,
  { id, ...target }: Target & { readonly id: string },
  expects: Expectation,
  next: (standing: StoredDocument | undefined) => string | undefined,
): Promise<Changed> {
  const { collection } = target;
  return inCollection(tenancy, target, async (routed) => {
    const [standing] = await tenancy.documents.getMany(routed.place, collection, [id]);
    if (!expects(standing)) {
      throw new TenantryError('precondition_failed', 'The document is not what If-Match or If-None-Match expects');
    }
    const members = next(standing);
    const document = members === undefined ? undefined : nextOf({ id, standing, members }, tenancy.now());
    const changes = [changeOf(standing, document)];
    const outcome = await writeIn(tenancy, routed, { collection, changes });
    return outcome.result === 'done' ? { standing, document } : again(outcome, routed);
  });
}

interface Next {
  readonly id: string;
  readonly standing: StoredDocument | undefined;
  readonly members: string;
}

/** The document that comes after the one that stands, or the first of its id. */
export function nextOf({ id, standing, members }: Next, now: Date): StoredDocument {
  const updated_at = now.toISOString();
  const version = (standing?.version ?? 0) + 1;
  return { id: standing?.id ?? id, version, created_at: standing?.created_at ?? updated_at, updated_at, members };
}

function changeOf(before: StoredDocument | undefined, document: StoredDocument | undefined): DocumentChange {
  if (before === undefined) {
    if (document === undefined) throw new RangeError('there is nothing to change');
    return { op: 'insert', document };
  }
  return document === undefined ? { op: 'remove', before } : { op: 'replace', before, document };
}
