import type { DatabaseSync } from 'node:sqlite';
import type { KeptBound, Usage } from '../documents.ts';
import type { Connection } from './connection.ts';
import type { AdjustJob, ForgetKeptJob, RaiseEpochJob, Removal } from './jobs.ts';

/**
 * Makes the tables that the organizations of a file share, where they do not stand: of each organization its slot, of each
 * of its collections what is counted of it, and the answers that are kept with their number and bytes, which triggers count.
 */
export function makeSlotTables({ database, prepare }: Connection): void {
  const counts = 'documents INTEGER NOT NULL, bytes INTEGER NOT NULL';
  database.exec(`
    CREATE TABLE IF NOT EXISTS slots (organization TEXT PRIMARY KEY, epoch INTEGER NOT NULL, ${counts}) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS tallies (organization TEXT, collection TEXT, ${counts}, PRIMARY KEY (organization, collection)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS kept_answers (organization TEXT NOT NULL, id TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL, expires_at TEXT NOT NULL, PRIMARY KEY (organization, id)) STRICT;
    CREATE INDEX IF NOT EXISTS "kept_answers-expires_at" ON kept_answers (expires_at);
  `);
  if (prepare("SELECT 1 FROM sqlite_schema WHERE name = 'kept_totals'").get() === undefined) makeKeptTotals(database);
}

/** In a file that another version began there are kept answers already. */
function makeKeptTotals(database: DatabaseSync): void {
  const add = (row: 'new' | 'old', sign: '+' | '-') =>
    `INSERT INTO kept_totals (organization, answers, bytes) VALUES (${row}.organization, 1, octet_length(${row}.answer))
    ON CONFLICT DO UPDATE SET answers = answers ${sign} excluded.answers, bytes = bytes ${sign} excluded.bytes;`;
  const emptied = 'DELETE FROM kept_totals WHERE organization = old.organization AND answers = 0;';
  database.exec(`
    CREATE TABLE kept_totals (organization TEXT PRIMARY KEY, answers INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO kept_totals SELECT organization, count(*), sum(octet_length(answer)) FROM kept_answers GROUP BY organization;
    CREATE TRIGGER "kept_answers-insert" AFTER INSERT ON kept_answers BEGIN ${add('new', '+')} END;
    CREATE TRIGGER "kept_answers-update" AFTER UPDATE ON kept_answers BEGIN ${add('old', '-')} ${add('new', '+')} END;
    CREATE TRIGGER "kept_answers-delete" AFTER DELETE ON kept_answers BEGIN ${add('old', '-')} ${emptied} END;
  `);
}

/** What is kept for an organization. */
export function keptOf({ prepare }: Connection, organization: string): KeptBound {
  const sql = 'SELECT answers, bytes FROM kept_totals WHERE organization = ?';
  return (prepare(sql).get(organization) as KeptBound | undefined) ?? { answers: 0, bytes: 0 };
}

/** An organization's slot. */
export interface Slot extends Usage {
  readonly epoch: number;
}

/** The slot of an organization; undefined where it has none. */
export function slotOf({ prepare }: Connection, organization: string): Slot | undefined {
  const sql = 'SELECT epoch, documents, bytes FROM slots WHERE organization = ?';
  return prepare(sql).get(organization) as Slot | undefined;
}

/** Adds to what is counted of a collection and of its organization. */
export function count(connection: Connection, organization: string, collection: string, added: Usage): void {
  addToSlot(connection, organization, added);
  addToTally(connection, organization, collection, added);
}

function addToSlot({ prepare }: Connection, organization: string, { documents, bytes }: Usage): void {
  if (documents === 0 && bytes === 0) return;
  const sql = 'UPDATE slots SET documents = documents + ?, bytes = bytes + ? WHERE organization = ?';
  prepare(sql).run(documents, bytes, organization);
}

function addToTally({ prepare }: Connection, organization: string, collection: string, added: Usage): void {
  const { documents, bytes } = added;
  if (documents === 0 && bytes === 0) return;
  prepare(
    `INSERT INTO tallies (organization, collection, documents, bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET documents = documents + excluded.documents, bytes = bytes + excluded.bytes`,
  ).run(organization, collection, documents, bytes);
  if (documents > 0) return;
  // A collection without documents leaves nothing behind.
  prepare('DELETE FROM tallies WHERE organization = ? AND collection = ? AND documents = 0 AND bytes = 0').run(
    organization,
    collection,
  );
}

/** Removes an organization's slot, and gives what it counted; undefined where there was none. */
export function removeSlot(connection: Connection, organization: string): Usage | undefined {
  const slot = slotOf(connection, organization);
  for (const table of ['slots', 'tallies']) {
    connection.prepare(`DELETE FROM ${table} WHERE organization = ?`).run(organization);
  }
  return slot && { documents: slot.documents, bytes: slot.bytes };
}

/** Raises an organization's slot to the epoch, where it is behind it. */
export function raiseEpoch({ prepare }: Connection, { organization, epoch }: RaiseEpochJob): { changed: boolean } {
  const sql = 'UPDATE slots SET epoch = ? WHERE organization = ? AND epoch < ?';
  return { changed: prepare(sql).run(epoch, organization, epoch).changes > 0 };
}

/** Adds to an organization's slot and to its collections, where it still has one. */
export function adjust(connection: Connection, { organization, slot, collections }: AdjustJob): { changed: boolean } {
  if (slotOf(connection, organization) === undefined) return { changed: false };
  addToSlot(connection, organization, slot);
  for (const [collection, added] of collections) addToTally(connection, organization, collection, added);
  return { changed: true };
}

/** Removes kept answers whose time is over. */
export function forgetKept({ prepare }: Connection, { now, most }: ForgetKeptJob): Removal {
  const sql =
    'DELETE FROM kept_answers WHERE rowid IN (SELECT rowid FROM kept_answers WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)';
  const removed = Number(prepare(sql).run(now, most).changes);
  return { changed: removed > 0, removed };
}
