import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type BareStore, documentText } from './document-routes.ts';
import type { Insertion } from './document-writer.ts';
import { startGathering } from './gather.ts';
import type { WriterData } from './writer.ts';

interface Tenant {
  readonly file: string;
  readonly table: string;
  readonly read: StatementSync;
}

/**
 * The documents of all organizations of level `collection`, each read by a statement of its own that stays prepared, and
 * written by a thread that commits what has gathered in one transaction for each file.
 */
export function openDocuments(directory: string): BareStore {
  const tenants = tenantsIn(directory);
  const workerData: WriterData = { directory };
  const write = startGathering<Insertion, true>(new URL('document-writer.ts', import.meta.url), workerData);
  return {
    isLive: (organization) => tenants.has(organization),
    read(organization, id) {
      const row = tenants.get(organization)?.read.get(id);
      return row && documentText(row);
    },
    async insert(organization, documents) {
      const { file = '', table = '' } = tenants.get(organization) ?? {};
      await write({ file, table, documents });
    },
  };
}

function tenantsIn(directory: string): Map<string, Tenant> {
  const master = new DatabaseSync(join(directory, 'master.db'), { readOnly: true });
  const files = new Map<string, DatabaseSync>();
  const tenants = new Map<string, Tenant>();
  for (const { body } of master.prepare('SELECT body FROM organizations').all()) {
    const { id, status, collection_name, placement } = JSON.parse(String(body));
    if (status !== 'active') continue;
    const file = join(directory, placement.cluster, `${placement.database}.db`);
    const database = files.get(file) ?? new DatabaseSync(file, { readOnly: true });
    files.set(file, database);
    const table = `"${collection_name}"`;
    const columns = 'id, version, created_at, updated_at, members';
    const read = database.prepare(`SELECT ${columns} FROM ${table} WHERE collection = 'default' AND id = ?`);
    tenants.set(id, { file, table, read });
  }
  return tenants;
}
