import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Db } from 'mongodb';
import type { User } from '../../src/identity/user.ts';
import type { Organization } from '../../src/organizations/organization.ts';

/** All that is stored of organizations, whoever stores it. */
export interface Contents {
  /** In the order of their ids. */
  readonly organizations: readonly Organization[];
  readonly users: readonly User[];
  /** The names of the organizations' collections, in order. */
  readonly collections: readonly string[];
}

/**
 * Reads a data directory, and those of clusters beside it, by SQLite alone, so that nothing of the service can hide what is
 * there.
 */
export function inspectDirectory(directory: string, ...clusters: readonly string[]): Contents {
  const files = [directory, ...clusters].flatMap((each) => {
    const tenants = join(each, 'main');
    const names = readdirSync(tenants).filter((name) => name.endsWith('.db'));
    return names.map((name) => join(tenants, name));
  });
  return {
    organizations: bodies<Organization>(join(directory, 'master.db'), 'organizations'),
    users: bodies<User>(join(directory, 'master.db'), 'users'),
    collections: files
      .flatMap((file) => tableNames(file))
      .filter(isOrganizations)
      .sort(),
  };
}

/** Reads a database by a plain client. */
export async function inspectDatabase(database: Db): Promise<Contents> {
  return {
    organizations: await documents<Organization>(database, 'organizations'),
    users: await documents<User>(database, 'users'),
    collections: (await collectionNames(database)).sort(),
  };
}

/** The names of the organizations' collections in a cluster, those in databases of their own too, by a plain client. */
export async function inspectCluster(database: Db): Promise<string[]> {
  const own = await database.collection<{ _id: string }>('tenantry_databases').find().toArray();
  const databases = [database, ...own.map(({ _id }) => database.client.db(_id))];
  return (await Promise.all(databases.map(collectionNames))).flat().sort();
}

async function collectionNames(database: Db): Promise<string[]> {
  const standing = await database.listCollections({}, { nameOnly: true }).toArray();
  return standing.map(({ name }) => name).filter(isOrganizations);
}

/** Beside them there are those of the service itself. */
function isOrganizations(name: string): boolean {
  return name.startsWith('org_');
}

function bodies<R>(file: string, table: string): R[] {
  return rows(file, `SELECT body AS value FROM ${table} ORDER BY id`).map((body) => JSON.parse(body));
}

function tableNames(file: string): string[] {
  return rows(file, "SELECT name AS value FROM sqlite_schema WHERE type = 'table'");
}

function rows(file: string, sql: string): string[] {
  using database = new DatabaseSync(file, { timeout: 2_000 });
  return database
    .prepare(sql)
    .all()
    .map(({ value }) => String(value));
}

async function documents<R>(database: Db, collection: string): Promise<R[]> {
  const found = await database.collection(collection).find().sort({ _id: 1 }).toArray();
  return found.map(({ _id, _commit, ...members }) => ({ id: _id, ...members }) as R);
}
