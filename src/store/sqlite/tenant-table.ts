import type { Level, Place, TenantPlace } from '../documents.ts';
import { quoted } from './layout.ts';

/** The directory of the tenants' files: of this name in the data directory, and in that of a further cluster. */
export const folder = 'main';

/** The database that all organizations of level `pooled` share. */
export const pooledDatabase = 'pooled-0001';

/** An organization's id is the name of its own database (TypeID, https://github.com/jetify-com/typeid). */
const ownDatabase = /^org_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** What a database is called where documents of a level are. Nothing else ever becomes a part of a path. */
const databaseNames = {
  pooled: /^pooled-\d{4,}$/,
  collection: /^tenants-\d{4,}$/,
  database: ownDatabase,
  cluster: ownDatabase,
} satisfies Record<Level, RegExp>;

/** Whether a database may be called so, at this level or, where none is given, at any. */
export function isDatabaseName(name: string, level?: Level): boolean {
  const patterns = level === undefined ? Object.values(databaseNames) : [databaseNames[level]];
  return patterns.some((pattern) => pattern.test(name));
}

/** A database's file, relative to the cluster's directory. @throws {RangeError} where this engine gives no such place */
export function fileOf({ database }: Pick<Place, 'database'>): string {
  if (!isDatabaseName(database)) throw new RangeError(`no such place: ${database}`);
  return `${folder}/${database}.db`;
}

/** The table that an organization's documents are in: from this alone all SQL about them is made. Plain values. */
export interface TenantTable {
  /** Relative to the data directory. */
  readonly file: string;
  readonly name: string;
  readonly organization: string;
  /** Others' documents are in it too: the organization leads its key. */
  readonly isShared: boolean;
  /** Nothing else is in the file, which comes and goes with the organization. */
  readonly hasOwnFile: boolean;
}

/** Where an organization's documents are. @throws {RangeError} where this engine gives no such place */
export function tenantTable(place: TenantPlace): TenantTable {
  const { level, database, organization, collection_name: name } = place;
  const hasOwnFile = level === 'database' || level === 'cluster';
  if (!isDatabaseName(database, level) || (hasOwnFile && database !== organization)) {
    throw new RangeError(`no such place for ${organization} at level ${level}: ${database}`);
  }
  // The tables of our own in the same file have other names.
  if (!/^org[a-z0-9_]*$/.test(name)) throw new RangeError(`not a name for an organization's table: ${name}`);
  const isShared = level === 'pooled';
  return { file: fileOf(place), name: isShared ? 'pooled' : name, organization, isShared, hasOwnFile };
}

/** A part of a WHERE clause, and the values that it takes. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly string[];
}

/** That a row is the organization's. */
export function ofOrganization({ isShared, organization }: TenantTable): Condition {
  return isShared ? { sql: 'organization = ?', values: [organization] } : { sql: 'TRUE', values: [] };
}

/** That a row is in one of the organization's collections: all of the key but the id. */
export function inCollection({ isShared, organization }: TenantTable, collection: string): Condition {
  return isShared
    ? { sql: 'organization = ? AND collection = ?', values: [organization, collection] }
    : { sql: 'collection = ?', values: [collection] };
}

/** The columns of the key, with commas between. */
export function keyColumns({ isShared }: TenantTable): string {
  return isShared ? 'organization, collection, id' : 'collection, id';
}

/**
 * The statement that makes the table. A row is found by the index of its key and then by its rowid: without a rowid it
 * would stand in that index itself, where rows of a kilobyte leave a page room for four keys instead of a hundred, and
 * each step of a search reads a document. Times are absent, and the version is 0, where another program wrote a document.
 */
export function tableSql(table: TenantTable): string {
  const columns = keyColumns(table)
    .split(', ')
    .map((column) => `${column} TEXT NOT NULL`);
  return `CREATE TABLE ${quoted(table.name)} (${columns.join(', ')}, version INTEGER NOT NULL, created_at TEXT, updated_at TEXT, members TEXT NOT NULL, PRIMARY KEY (${keyColumns(table)})) STRICT`;
}
