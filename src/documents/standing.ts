import type { Tenancy } from '../organizations/tenancy.ts';
import { bytesOf, type StoredDocument, type TenantPlace } from '../store/documents.ts';

/** Bytes of documents that stand, as far as one change of several may have them in memory. */
export const mostStandingBytes = 32 * 1_048_576;

/** Of the largest documents these have as much again, which is in memory before it is counted. */
const idsAtOnce = 32;

/** The documents that stand by these ids, by their ids; undefined where they have more than `mostStandingBytes`. */
export async function readStanding(
  { documents }: Pick<Tenancy, 'documents'>,
  place: TenantPlace,
  collection: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredDocument> | undefined> {
  const standing = new Map<string, StoredDocument>();
  let bytes = 0;
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    for (const document of await documents.getMany(place, collection, ids.slice(at, at + idsAtOnce))) {
      standing.set(document.id, document);
      bytes += bytesOf(document);
    }
    // One alone is what any call has in memory.
    if (bytes > mostStandingBytes && standing.size > 1) return undefined;
  }
  return standing;
}
