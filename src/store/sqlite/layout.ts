import { StartError } from '../../errors.ts';
import type { Kind } from '../records.ts';
import { type Connection, pragmaNumber } from './connection.ts';

/** Marks a file as ours: "Tnty" (https://www.sqlite.org/fileformat.html#application_id). */
const applicationId = 0x546e7479;

/**
 * What leads from each layout of the master database to the next; the file's `user_version` says which it has. The
 * first makes a file ours; tables and indexes of kinds need no step of their own.
 */
const migrations: readonly ((connection: Connection) => void)[] = [
  ({ database }) => database.exec(`PRAGMA application_id=${applicationId}`),
];

/**
 * The layout of the master database, 0 where it is new. Reads only: a file that is refused stays as it is.
 *
 * @throws {StartError} 78 where the file is another program's, or of a newer layout
 */
export function readLayout({ database }: Connection, path: string): number {
  const layout = pragmaNumber(database, 'user_version');
  const owner = pragmaNumber(database, 'application_id');
  const isNew = layout === 0 && database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!isNew && owner !== applicationId) {
    throw new StartError(78, `${path} is not a database of Tenantry. Name another directory in TENANTRY_DATA_DIR.`);
  }
  if (layout > migrations.length) {
    throw new StartError(
      78,
      `${path} has layout ${layout}, made by a newer Tenantry; this one knows layouts up to ${migrations.length}. Install the newer version.`,
    );
  }
  return layout;
}

/**
 * Brings the master database from its layout to the program's, and the tables and indexes to the declarations of the
 * kinds, in one transaction that writes nothing where all is as it should be. The caller holds the directory.
 */
export function prepareLayout(connection: Connection, layout: number, kinds: readonly Kind[]): void {
  const { database } = connection;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const migrate of migrations.slice(layout)) migrate(connection);
    if (layout < migrations.length) database.exec(`PRAGMA user_version=${migrations.length}`);
    for (const kind of kinds) prepareKind(connection, kind);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** An index that is no longer declared, or was `unique` and is `many`, goes: it would refuse records that are right. */
function prepareKind({ database, prepare }: Connection, { name: kind, indexes }: Kind): void {
  const table = quoted(kind);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
  );
  const declared = new Set(Object.entries(indexes).map(([member, uniqueness]) => indexSql(kind, member, uniqueness)));
  const standing = prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql <> ''");
  for (const { name, sql } of standing.all(kind)) {
    if (!declared.delete(String(sql))) database.exec(`DROP INDEX ${quoted(String(name))}`);
  }
  for (const sql of declared) database.exec(sql);
}

/** The statement that makes an index, as SQLite keeps it. No member has a hyphen: two indexes never have one name. */
function indexSql(kind: string, member: string, uniqueness: 'unique' | 'many'): string {
  const unique = uniqueness === 'unique' ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${quoted(`${kind}-${member}`)} ON ${quoted(kind)} (${memberOf('body', member)})`;
}

/** A name of the code's own as an SQL identifier. Values never come here. */
export function quoted(name: string): string {
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) throw new TypeError(`not a name for a table: ${name}`);
  return `"${name}"`;
}

/** SQL for a member of a record; an index stands on exactly this expression. */
export function memberOf(json: string, member: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(member)) throw new TypeError(`not a name of a member: ${member}`);
  return `json_extract(${json}, '$.${member}')`;
}
