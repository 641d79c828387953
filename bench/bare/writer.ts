/** The thread of the bare server that writes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is started with. */
export interface WriterData {
  readonly directory: string;
}

/** An organization and its admin as they are to be stored. */
export interface Creation {
  readonly id: string;
  readonly userId: string;
  readonly collection: string;
  readonly organization: object;
  readonly user: object;
}

/** A file takes as many tables as one of the service's. */
const tablesPerFile = 500;

const { directory } = workerData as WriterData;
mkdirSync(join(directory, 'main'), { recursive: true });

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192');
  return database;
}

const master = open(join(directory, 'master.db'));
const insertOrganization = master.prepare('INSERT OR IGNORE INTO organizations (id, version, body) VALUES (?, 1, ?)');
const insertUser = master.prepare('INSERT OR IGNORE INTO users (id, version, body) VALUES (?, 1, ?)');
const removeOrganization = master.prepare('DELETE FROM organizations WHERE id = ?');

let file = 0;
let tables = tablesPerFile;
let tenants: DatabaseSync | undefined;

/** The file that has room for one more table. */
function roomyFile(): DatabaseSync {
  if (tenants !== undefined && tables < tablesPerFile) return tenants;
  if (tenants?.isTransaction) tenants.exec('COMMIT');
  tenants?.close();
  tenants = open(join(directory, 'main', `bare-${file++}.db`));
  tables = 0;
  return tenants;
}

function insert({ id, userId, organization, user }: Creation): boolean {
  if (insertOrganization.run(id, JSON.stringify(organization)).changes === 0) return false;
  if (insertUser.run(userId, JSON.stringify(user)).changes === 1) return true;
  removeOrganization.run(id);
  return false;
}

function makeTable({ collection }: Creation): void {
  const database = roomyFile();
  if (!database.isTransaction) database.exec('BEGIN IMMEDIATE');
  database.exec(
    `CREATE TABLE "${collection}" (collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (collection, id))`,
  );
  tables += 1;
}

parentPort?.on('message', (creations: Creation[]) => {
  master.exec('BEGIN IMMEDIATE');
  const answers = creations.map(insert);
  master.exec('COMMIT');
  for (const [at, creation] of creations.entries()) if (answers[at]) makeTable(creation);
  if (tenants?.isTransaction) tenants.exec('COMMIT');
  parentPort?.postMessage(answers);
});
