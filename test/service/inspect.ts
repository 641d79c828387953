import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { User } from '../../src/identity/user.ts';
import type { Organization } from '../../src/organizations/organization.ts';

/** All that a data directory holds of organizations, read from its files while no process has it. */
export interface Contents {
  readonly organizations: readonly Organization[];
  readonly users: readonly User[];
  /** The organizations' tables of all files, in order. */
  readonly tables: readonly string[];
}

/** Reads a data directory by SQLite alone, so that nothing of the service can hide what is there. */
export async function inspect(directory: string): Promise<Contents> {
  const tenants = join(directory, 'main');
  const files = readdirSync(tenants).filter((name) => name.endsWith('.db'));
  return {
    organizations: bodies<Organization>(join(directory, 'master.db'), 'organizations'),
    users: bodies<User>(join(directory, 'master.db'), 'users'),
    tables: files.flatMap((name) => tableNames(join(tenants, name))).sort(),
  };
}

function bodies<R>(file: string, table: string): R[] {
  return rows(file, `SELECT body AS value FROM ${table} ORDER BY id`).map((body) => JSON.parse(body));
}

function tableNames(file: string): string[] {
  return rows(file, "SELECT name AS value FROM sqlite_schema WHERE type = 'table'");
}

function rows(file: string, sql: string): string[] {
  using database = new DatabaseSync(file);
  return database
    .prepare(sql)
    .all()
    .map(({ value }) => String(value));
}
