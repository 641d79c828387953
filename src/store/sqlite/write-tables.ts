import { type Connection, pragmaNumber } from './connection.ts';
import type { Answers, DropTableJob, EraseJob, HasTableJob, MakeTableJob, TableState } from './jobs.ts';
import { quoted } from './layout.ts';
import { ofOrganization, type TenantTable, tableSql } from './tenant-table.ts';
import { count, removeSlot, slotOf } from './write-slots.ts';

/** Looks whether a table of this name stands. */
export function hasTable(connection: Connection, { name }: HasTableJob): TableState {
  return { stands: stands(connection, name), changed: false, organizations: organizationsIn(connection) };
}

/** Makes an organization's table and its slot, where they do not stand; a slot that stands stays as it is. */
export function makeTable(connection: Connection, { table, epoch }: MakeTableJob): Answers['make'] {
  const isNewTable = !stands(connection, table.name);
  if (isNewTable) connection.database.exec(tableSql(table));
  else replaceFormer(connection, table);
  const isNewSlot = slotOf(connection, table.organization) === undefined;
  if (isNewSlot) makeSlot(connection, table, epoch);
  const isNew = table.isShared ? isNewSlot : isNewTable;
  const organizations = countOrganizations(connection, isNew ? 1 : 0);
  return { stands: true, changed: isNewTable || isNewSlot, organizations, isNew };
}

/** A table of the first version has other columns. That version wrote no documents, so that there is nothing to take over. */
function replaceFormer({ database, prepare }: Connection, table: TenantTable): void {
  if (prepare("SELECT 1 FROM pragma_table_info(?) WHERE name = 'members'").get(table.name) !== undefined) return;
  const name = quoted(table.name);
  if (database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() !== undefined) {
    throw new Error(`the table ${table.name} has rows of a form that is not known`);
  }
  database.exec(`DROP TABLE ${name}; ${tableSql(table)}`);
}

/** Counts what is there: nothing, unless the slot was lost. */
function makeSlot(connection: Connection, table: TenantTable, epoch: number): void {
  const { sql, values } = ofOrganization(table);
  connection
    .prepare('INSERT INTO slots (organization, epoch, documents, bytes) VALUES (?, ?, 0, 0)')
    .run(table.organization, epoch);
  const collections = connection
    .prepare(
      `SELECT collection, count(*) AS documents, sum(octet_length(members)) AS bytes FROM ${quoted(table.name)} WHERE ${sql} GROUP BY collection`,
    )
    .all(...values);
  for (const { collection, documents, bytes } of collections) {
    count(connection, table.organization, String(collection), { documents: Number(documents), bytes: Number(bytes) });
  }
}

/** Removes an organization's slot, and what is its own in the file; what it shares is for `eraseSome`. */
export function dropTable(connection: Connection, { table }: DropTableJob): Answers['drop'] {
  const usage = removeSlot(connection, table.organization);
  const stood = table.isShared ? usage !== undefined : removeTable(connection, table);
  const organizations = countOrganizations(connection, stood ? -1 : 0);
  return { stands: false, changed: stood, organizations, usage: usage ?? { documents: 0, bytes: 0 } };
}

/** Removes the table and the kept answers; false where there was no table. */
function removeTable(connection: Connection, { organization, name }: TenantTable): boolean {
  connection.prepare('DELETE FROM kept_answers WHERE organization = ?').run(organization);
  if (!stands(connection, name)) return false;
  connection.database.exec(`DROP TABLE ${quoted(name)}`);
  if (stands(connection, name)) throw new Error(`the table ${name} stands after its drop`);
  return true;
}

/**
 * Removes some rows and kept answers of an organization from what it shares with others, and looks whether any is left.
 * Where it was made again meanwhile, they are counted and stay.
 */
export function eraseSome(connection: Connection, { table, most }: EraseJob): Answers['erase'] {
  if (slotOf(connection, table.organization) !== undefined) return { changed: false, left: false };
  let left = false;
  for (const name of [table.name, 'kept_answers']) {
    if (!stands(connection, name)) continue;
    const some = `SELECT rowid FROM ${quoted(name)} WHERE organization = ? LIMIT ?`;
    connection.prepare(`DELETE FROM ${quoted(name)} WHERE rowid IN (${some})`).run(table.organization, most);
    left ||= connection.prepare(some).get(table.organization, 1) !== undefined;
  }
  return { changed: true, left };
}

function stands({ prepare }: Connection, name: string): boolean {
  return prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/**
 * The number of organizations in a file, each with a table or, where they share one, with a slot, is kept in its
 * `user_version`, in the same transaction, so that a start can read it from the file's header.
 */
function organizationsIn({ database }: Connection): number {
  return pragmaNumber(database, 'user_version');
}

function countOrganizations(connection: Connection, added: 1 | 0 | -1): number {
  const organizations = organizationsIn(connection) + added;
  if (added !== 0) connection.database.exec(`PRAGMA user_version=${organizations}`);
  return organizations;
}
