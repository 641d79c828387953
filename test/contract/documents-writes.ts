import assert from 'node:assert/strict';
import {
  bytesOf,
  type DocumentChange,
  type DocumentPage,
  type DocumentRange,
  type Documents,
  type StoredDocument,
  type TenantPlace,
  type Usage,
  type Write,
  type WriteOutcome,
} from '../../src/store/documents.ts';
import { isRefusal } from './expect.ts';

/** The outcome of a write whose changes all held. */
export const done: WriteOutcome = { result: 'done' };

/** The outcome of a write where the slots have another epoch, or are gone. */
export const moved: WriteOutcome = { result: 'moved' };

/** What is counted where nothing is. */
export const nothing: Usage = { documents: 0, bytes: 0 };

/** The page of a collection that holds nothing. */
export const emptyPage: DocumentPage = { documents: [], next: undefined };

/** A document that was never stored. */
export function documentOf(id: string, value: object = {}): StoredDocument {
  const time = '2026-01-02T03:04:05.678Z';
  return { id, version: 1, created_at: time, updated_at: time, members: JSON.stringify(value) };
}

/** Documents that were never stored: `<prefix>0000`, `<prefix>0001`, ... */
export function documentsOf(count: number, prefix = 'd'): StoredDocument[] {
  return Array.from({ length: count }, (_, number) =>
    documentOf(`${prefix}${String(number).padStart(4, '0')}`, { number }),
  );
}

/** What a document is once it was replaced. */
export function nextOf(before: StoredDocument, value: object = { next: before.version }): StoredDocument {
  const members = JSON.stringify(value);
  return { ...before, version: before.version + 1, updated_at: '2026-02-03T04:05:06.789Z', members };
}

/** A change that inserts. */
export function insertion(document: StoredDocument): DocumentChange {
  return { op: 'insert', document };
}

/** A change that replaces, by `nextOf` where nothing else is given. */
export function replacement(before: StoredDocument, document = nextOf(before)): DocumentChange {
  return { op: 'replace', before, document };
}

/** A change that removes. */
export function removal(before: StoredDocument): DocumentChange {
  return { op: 'remove', before };
}

/** An end that nothing of the suites comes to, in milliseconds of `performance.now()`. */
export function lateEnd(): number {
  return performance.now() + 60_000;
}

/** Writes: to `default` and without a quota, where nothing else is said. */
export function write(
  documents: Documents,
  place: TenantPlace,
  changes: readonly DocumentChange[],
  others: Partial<Write> = {},
): Promise<WriteOutcome> {
  return documents.write(place, { collection: 'default', quota: {}, ...others, changes }, lateEnd());
}

/** Writes, and fails unless every change held. */
export async function writeDone(
  documents: Documents,
  place: TenantPlace,
  changes: readonly DocumentChange[],
  others: Partial<Write> = {},
): Promise<void> {
  assert.deepEqual(await write(documents, place, changes, others), done);
}

/** Inserts them all in one write, which must hold. */
export function insertAll(
  documents: Documents,
  place: TenantPlace,
  inserted: readonly StoredDocument[],
  collection = 'default',
): Promise<void> {
  return writeDone(documents, place, inserted.map(insertion), { collection });
}

/** A page of `default`, from its beginning and as long as it may be, where nothing else is said. */
export function listPage(
  documents: Documents,
  place: TenantPlace,
  range: Partial<DocumentRange> = {},
  collection = 'default',
): Promise<DocumentPage> {
  return documents.list(place, collection, {
    direction: 'ascending',
    limit: 1_000,
    bytes: Number.MAX_SAFE_INTEGER,
    ...range,
  });
}

/** All documents of the collection, page by page. */
export async function readAll(
  documents: Documents,
  place: TenantPlace,
  collection = 'default',
): Promise<StoredDocument[]> {
  const all: StoredDocument[] = [];
  let after: string | undefined;
  do {
    const page = await listPage(documents, place, { after }, collection);
    all.push(...page.documents);
    after = page.next;
  } while (after !== undefined);
  return all;
}

/**
 * Nothing is written to or found of an organization that is not there. An engine that cannot tell it from one whose file was
 * lost may refuse in the place of an answer.
 */
export async function assertNotThere(documents: Documents, place: TenantPlace): Promise<void> {
  const outcomes = await Promise.all([
    write(documents, place, [insertion(documentOf('late'))]).catch(refusalOf),
    documents.removeSome(place, 'default', 10, lateEnd()).catch(refusalOf),
    documents.getMany(place, 'default', ['late']).catch(refusalOf),
    listPage(documents, place).catch(refusalOf),
    documents.usage(place).catch(refusalOf),
  ]);
  const expected = [moved, 'moved', [], emptyPage, nothing];
  for (const [number, outcome] of outcomes.entries()) {
    if (outcome !== 'refused') assert.deepEqual(outcome, expected[number]);
  }
}

function refusalOf(error: unknown): 'refused' {
  if (!isRefusal(error)) throw error;
  return 'refused';
}

/** What the documents count. */
export function usageOf(stored: readonly StoredDocument[]): Usage {
  return { documents: stored.length, bytes: stored.reduce((sum, document) => sum + bytesOf(document), 0) };
}

/** The ids of the documents. */
export function idsOf(stored: readonly StoredDocument[]): string[] {
  return stored.map(({ id }) => id);
}

/** How many of the outcomes are of each result. */
export function tallyWrites(outcomes: readonly WriteOutcome[]): Partial<Record<WriteOutcome['result'], number>> {
  const counts: Partial<Record<WriteOutcome['result'], number>> = {};
  for (const { result } of outcomes) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

/** Starts `count` of them before the first can end, and waits for all. */
export function allAtOnce<T>(count: number, start: (number: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => start(number)));
}
