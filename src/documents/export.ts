import { createHash } from 'node:crypto';
import { notFound } from '../organizations/find-live.ts';
import { isLive, type Organization, organizations, placeOf } from '../organizations/organization.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { byEnd, commandEnd } from '../store/decide.ts';
import { bytesOf, type StoredDocument, type TenantPlace, type Usage } from '../store/documents.ts';
import { asTheyStand } from '../store/recent-records.ts';
import { paceFor } from '../store/slices.ts';
import { textOf } from './document.ts';
import { placeFor, type Target } from './in-collection.ts';
import { listCollections, readCollection } from './list-collections.ts';

/** The last line of an export, by which its reader knows that it is whole. */
export interface Manifest extends Usage {
  /** What is in the export of each collection. */
  readonly collections: Readonly<Record<string, Usage>>;
  /** Of all bytes before this line, in hexadecimal. */
  readonly sha256: string;
}

/** Documents and bytes of a page: what is in memory of an export at a time, and what others wait for. */
const page = { limit: 1_000, bytes: 131_072 } as const;

/**
 * The documents of an organization as lines of JSON, `{"collection":...,"document":...}` each, by collection and id; the
 * last line is the manifest. Each chunk is made when it is asked for. It is not of one moment: what is there all the time
 * is in it once, and what is written meanwhile may be in it as it was or as it is.
 *
 * @param collection this one alone; all where it is left out
 * @throws {TenantryError} collection_not_found, storage_unavailable; the chunks the same, and organization_not_found, where
 *   the organization or a collection is deleted meanwhile
 */
export async function exportDocuments(
  tenancy: Tenancy,
  organization: Organization,
  collection?: string,
): Promise<AsyncGenerator<Buffer, void, void>> {
  const { records } = tenancy;
  const exported =
    collection === undefined
      ? await listCollections(records, organization)
      : [await readCollection(records, organization, collection)];
  return chunksOf(
    tenancy,
    exported.map(({ name }) => ({ organization, collection: name })),
  );
}

async function* chunksOf(tenancy: Tenancy, targets: readonly Target[]): AsyncGenerator<Buffer, void, void> {
  const digest = createHash('sha256');
  const pace = paceFor(targets[0]?.organization.id ?? '');
  const collections: Record<string, Usage> = {};
  for (const target of targets) {
    let usage: Usage = { documents: 0, bytes: 0 };
    for await (const documents of pagesOf(tenancy, target)) {
      const chunk = Buffer.from(documents.map((document) => lineOf(target, document)).join(''));
      digest.update(chunk);
      usage = sumOf([usage, ...documents.map((document) => ({ documents: 1, bytes: bytesOf(document) }))]);
      yield chunk;
      await pace.next();
    }
    collections[target.collection] = usage;
  }
  const manifest: Manifest = { collections, ...sumOf(Object.values(collections)), sha256: digest.digest('hex') };
  yield Buffer.from(`${JSON.stringify({ manifest })}\n`);
}

async function* pagesOf(tenancy: Tenancy, target: Target): AsyncGenerator<readonly StoredDocument[], void, void> {
  const { collection } = target;
  let place = placeOf(target.organization);
  let after: string | undefined;
  do {
    const range = { direction: 'ascending', after, ...page } as const;
    const { documents, next } = await byEnd(tenancy.documents.list(place, collection, range), commandEnd());
    // After the page: where the organization or the collection was deleted, the page may lack what was there all the time.
    place = await byEnd(standingPlace(tenancy, target), commandEnd());
    if (documents.length > 0) yield documents;
    after = next;
  } while (after !== undefined);
}

async function standingPlace(tenancy: Tenancy, target: Target): Promise<TenantPlace> {
  const organization = await tenancy.records.get(organizations, target.organization.id);
  if (organization === undefined || !isLive(organization)) throw notFound();
  return placeFor(asTheyStand(tenancy.records), { ...target, organization });
}

/** Composed of texts: to make values of the documents and back would cost more than reading them. */
function lineOf({ collection }: Target, document: StoredDocument): string {
  return `{"collection":"${collection}","document":${textOf(document)}}\n`;
}

function sumOf(usages: readonly Usage[]): Usage {
  const sum = { documents: 0, bytes: 0 };
  for (const { documents, bytes } of usages) {
    sum.documents += documents;
    sum.bytes += bytes;
  }
  return sum;
}
