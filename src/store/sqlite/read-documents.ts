import {
  bytesOf,
  type DocumentPage,
  type DocumentRange,
  type KeptAnswer,
  type StoredDocument,
  type Usage,
} from '../documents.ts';
import type { Connection } from './connection.ts';
import { quoted } from './layout.ts';
import { inCollection, type TenantTable } from './tenant-table.ts';

const columns = 'id, version, created_at, updated_at, members';

/** A row of those columns. */
interface Row {
  readonly id: string;
  readonly version: number;
  readonly created_at: string | null;
  readonly updated_at: string | null;
  readonly members: string;
}

function documentOf({ id, version, created_at, updated_at, members }: Row): StoredDocument {
  return { id, version, created_at: created_at ?? undefined, updated_at: updated_at ?? undefined, members };
}

/** The documents that exist among these ids, in the order of the ids. */
export function readDocuments(
  { prepare }: Connection,
  table: TenantTable,
  collection: string,
  ids: readonly string[],
): StoredDocument[] {
  const { sql, values } = inCollection(table, collection);
  const statement = prepare(`SELECT ${columns} FROM ${quoted(table.name)} WHERE ${sql} AND id = ?`);
  const documents: StoredDocument[] = [];
  for (const id of ids) {
    const row = statement.get(...values, id) as Row | undefined;
    if (row !== undefined) documents.push(documentOf(row));
  }
  return documents;
}

/** A page of a collection, by one statement that ends where the page does. */
export function listDocuments(
  { prepare }: Connection,
  table: TenantTable,
  collection: string,
  { direction, after, limit, bytes }: DocumentRange,
): DocumentPage {
  const { sql, values } = inCollection(table, collection);
  const [comparison, order] = direction === 'ascending' ? ['>', 'ASC'] : ['<', 'DESC'];
  const beyond = after === undefined ? '' : `AND id ${comparison} ?`;
  const afters = after === undefined ? [] : [after];
  // One more is read: it tells whether any follows.
  const rows = prepare(
    `SELECT ${columns} FROM ${quoted(table.name)} WHERE ${sql} ${beyond} ORDER BY id ${order} LIMIT ?`,
  ).iterate(...values, ...afters, limit + 1);
  const documents: StoredDocument[] = [];
  let left = bytes;
  // Leaving the loop resets the statement, and so ends its read transaction.
  for (const row of rows) {
    const document = documentOf(row as unknown as Row);
    left -= bytesOf(document);
    if (documents.length === limit || (left < 0 && documents.length > 0)) {
      return { documents, next: documents.at(-1)?.id };
    }
    documents.push(document);
  }
  return { documents, next: undefined };
}

/** What the slot of an organization counts, or the tally of one of its collections. */
export function readUsage({ prepare }: Connection, organization: string, collection?: string): Usage {
  const found =
    collection === undefined
      ? prepare('SELECT documents, bytes FROM slots WHERE organization = ?').get(organization)
      : prepare('SELECT documents, bytes FROM tallies WHERE organization = ? AND collection = ?').get(
          organization,
          collection,
        );
  return { documents: Number(found?.['documents'] ?? 0), bytes: Number(found?.['bytes'] ?? 0) };
}

/** The answer that an organization keeps by this id. */
export function readKept({ prepare }: Connection, organization: string, id: string): KeptAnswer | undefined {
  const sql = 'SELECT id, request, answer, expires_at FROM kept_answers WHERE organization = ? AND id = ?';
  const row = prepare(sql).get(organization, id) as KeptAnswer | undefined;
  return row && { ...row };
}
