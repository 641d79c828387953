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
  (connection) => connection.database.exec(`PRAGMA application_id=${applicationId}`),
];

/**
 * Brings the master database to the program's layout, in one transaction, and makes the tables and indexes of the kinds.
 * The caller holds the directory.
 *
 * @throws {StartError} 78 where the file is another program's, or of a newer layout
 */
export function prepareLayout(connection: Connection, path: string, kinds: readonly Kind[]): void {
  const { database } = connection;
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
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const migrate of migrations.slice(layout)) migrate(connection);
    database.exec(`PRAGMA user_version=${migrations.length}`);
    for (const kind of kinds) makeTable(connection, kind);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function makeTable({ database }: Connection, kind: Kind): void {
  const table = quoted(kind.name);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
  );
  for (const [member, uniqueness] of Object.entries(kind.indexes)) {
    const name = quoted(`${kind.name}_${member}`);
    const unique = uniqueness === 'unique' ? 'UNIQUE ' : '';
    database.exec(`CREATE ${unique}INDEX IF NOT EXISTS ${name} ON ${table} (${memberOf('body', member)})`);
  }
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
