import { bytesOf, type DocumentPage, type DocumentRange, type StoredDocument, type TenantPlace } from '../documents.ts';
import { paceFor } from '../slices.ts';
import { listDocuments, readDocuments } from './read-documents.ts';
import type { TenantAccess } from './tenant-access.ts';

/** Documents, and bytes of them, that are read at once: SQLite gives them on the event loop. */
const mostAtOnce = { documents: 32, bytes: 65_536 } as const;

/** Ids that are looked up at once: their documents may be of any size. */
const idsAtOnce = 8;

/** The documents that exist among these ids, in the order of the ids; others come in between. */
export async function readMany(
  access: TenantAccess,
  place: TenantPlace,
  collection: string,
  ids: readonly string[],
): Promise<StoredDocument[]> {
  const pace = paceFor(place.organization);
  const read = (some: readonly string[]) =>
    access.read<StoredDocument[]>(place, [], (connection, table) => readDocuments(connection, table, collection, some));
  if (ids.length <= idsAtOnce) return read(ids);
  const documents: StoredDocument[] = [];
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    documents.push(...(await read(ids.slice(at, at + idsAtOnce))));
    if (pace.isOver()) await pace.next();
  }
  return documents;
}

/** A page of a collection, read part by part; others come in between. */
export async function readPage(
  access: TenantAccess,
  place: TenantPlace,
  collection: string,
  range: DocumentRange,
): Promise<DocumentPage> {
  const pace = paceFor(place.organization);
  const documents: StoredDocument[] = [];
  let { after, bytes: left } = range;
  for (;;) {
    const limit = Math.min(range.limit - documents.length, mostAtOnce.documents);
    const part = { ...range, after, limit, bytes: Math.min(left, mostAtOnce.bytes) };
    const read = await access.read<DocumentPage>(place, { documents: [], next: undefined }, (connection, table) =>
      listDocuments(connection, table, collection, part),
    );
    for (const document of read.documents) {
      left -= bytesOf(document);
      // Of a part that is a single document, whatever its size.
      if (left < 0 && documents.length > 0) return { documents, next: after };
      documents.push(document);
      after = document.id;
    }
    if (read.next === undefined || documents.length === range.limit || left <= 0) return { documents, next: read.next };
    if (pace.isOver()) await pace.next();
  }
}
