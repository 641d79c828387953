import { TenantryError } from '../errors.ts';
import type { Origin } from '../events/origin.ts';
import type { Organization } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { paceFor } from '../store/slices.ts';
import { createCollection } from './create-collection.ts';
import { detailOf, type Entry, entryOf, type ImportLine, type LineError } from './import-line.ts';
import type { Target } from './in-collection.ts';
import { listCollections } from './list-collections.ts';
import { type StoredEntries, storeEntries } from './store-entries.ts';

/** What became of a part of an import. */
export interface Imported {
  /** All of the part, empty ones and the manifest too: where the next part begins is this many further on. */
  readonly lines: number;
  /** Documents that were not there, or were there with other members. */
  readonly stored: number;
  /** Documents that were there with the same members. */
  readonly unchanged: number;
  /** Lines that were not stored. */
  readonly failed: number;
  /** The first of them. */
  readonly errors: readonly LineError[];
}

/** Lines that are told of. */
const mostErrors = 100;

/** Documents, and bytes of them, that are written in one transaction. */
const batchDocuments = 200;
const batchBytes = 1_048_576;

/**
 * Stores the documents of the lines of an export, each in its collection, which is created where it is missing. Lines that
 * cannot be stored are told of and do not keep the others from it. The same lines may be stored again: what is there with
 * the same members stays as it is.
 *
 * @throws {TenantryError} organization_not_found, busy, stopping, storage_unavailable; then any of the documents may have
 *   been stored
 */
export async function importDocuments(
  tenancy: Tenancy,
  organization: Organization,
  lines: Iterable<ImportLine>,
  origin: Origin,
): Promise<Imported> {
  const demandCollection = await collectionsOf(tenancy, organization, origin);
  const tally = createTally();
  const batches = new Map<string, Batch>();
  const store = async (collection: string, { entries }: Batch) => {
    batches.delete(collection);
    tally.add(await storeBatch(tenancy, { organization, collection }, [...entries.values()]));
  };
  let count = 0;
  const pace = paceFor(organization.id);
  await pace.next();
  for (const line of lines) {
    if (pace.isOver()) await pace.next();
    count += 1;
    let entry = entryOf(line, tenancy.documentLimits);
    if (entry !== undefined && !('detail' in entry)) entry = await demandCollection(entry);
    if (entry === undefined) continue;
    if ('detail' in entry) {
      tally.add({ failures: [entry] });
      continue;
    }
    const { collection, id } = entry;
    const begun = batches.get(collection);
    // Of two lines with the same id the second one is to stand.
    if (begun !== undefined && (isFull(begun) || begun.entries.has(id))) await store(collection, begun);
    addTo(batches, entry);
  }
  for (const [collection, batch] of batches) await store(collection, batch);
  return { lines: count, ...tally.result() };
}

/** Entries of a collection that are to be written together. */
interface Batch {
  /** By their ids. */
  readonly entries: Map<string, Entry>;
  bytes: number;
}

function isFull({ entries, bytes }: Batch): boolean {
  return entries.size >= batchDocuments || bytes >= batchBytes;
}

function addTo(batches: Map<string, Batch>, entry: Entry): void {
  const batch = batches.get(entry.collection) ?? { entries: new Map(), bytes: 0 };
  batches.set(entry.collection, batch);
  batch.entries.set(entry.id, entry);
  batch.bytes += Buffer.byteLength(entry.members);
}

async function storeBatch(tenancy: Tenancy, target: Target, entries: readonly Entry[]): Promise<StoredEntries> {
  try {
    return await storeEntries(tenancy, target, entries);
  } catch (error) {
    if (!(error instanceof TenantryError && error.code === 'collection_not_found')) throw error;
    const detail = 'The collection of this name is being deleted';
    return { stored: 0, unchanged: 0, failures: entries.map(({ line }) => ({ line, detail })) };
  }
}

/** Sees to it that an entry's collection is there, or says why it cannot be. */
type DemandCollection = (entry: Entry) => Promise<Entry | LineError>;

async function collectionsOf(tenancy: Tenancy, organization: Organization, origin: Origin): Promise<DemandCollection> {
  const known = new Set((await listCollections(tenancy.records, organization)).map(({ name }) => name));
  /** Why no more can be made. */
  let bound: string | undefined;
  return async (entry) => {
    const { line, collection } = entry;
    if (known.has(collection)) return entry;
    if (bound !== undefined) return { line, detail: bound };
    try {
      await createCollection(tenancy, organization, collection, origin);
    } catch (error) {
      const code = error instanceof TenantryError ? error.code : undefined;
      // Another has made it, or it is being deleted, which storing in it will show.
      if (code !== 'collection_exists') {
        const detail = detailOf(error);
        if (code === 'quota_exceeded') bound = detail;
        return { line, detail: code === 'invalid_value' ? detail.replace('#/name', '#/collection') : detail };
      }
    }
    known.add(collection);
    return entry;
  };
}

/** What became of lines, added up. */
interface Tally {
  add(stored: Partial<StoredEntries>): void;
  result(): Omit<Imported, 'lines'>;
}

/** Batches of several collections tell of their lines in any order, and a part may have millions of lines. */
function createTally(): Tally {
  let [stored, unchanged, failed] = [0, 0, 0];
  let errors: LineError[] = [];
  const firstErrors = () => errors.toSorted((one, other) => one.line - other.line).slice(0, mostErrors);
  return {
    add({ failures = [], ...added }) {
      stored += added.stored ?? 0;
      unchanged += added.unchanged ?? 0;
      failed += failures.length;
      errors.push(...failures);
      if (errors.length > 100 * mostErrors) errors = firstErrors();
    },
    result: () => ({ stored, unchanged, failed, errors: firstErrors() }),
  };
}
