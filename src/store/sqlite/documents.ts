import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import type { Documents, Place } from '../documents.ts';
import { connect, pragmaNumber } from './connection.ts';
import { faultOf } from './faults.ts';
import type { CollectionJob, CollectionState } from './jobs.ts';
import type { Writers } from './writers.ts';

/** The cluster beside the master database: the directory of this name in the data directory. */
const cluster = 'main';
const databaseName = /^tenants-\d{4,}$/;

/** How full a file is. `kept` is room for organizations that are being created. */
interface Fill {
  tables: number;
  kept: number;
}

export interface DocumentsOptions {
  readonly directory: string;
  readonly writers: Writers;
  /** A schema change costs every other connection to the file a read of its whole schema, so a file takes a bounded number. */
  readonly tablesPerFile: number;
  readonly log: Log;
}

/** The port for documents on SQLite: each organization has a table, in one of the cluster's files. */
export function createDocuments({ directory, writers, tablesPerFile, log }: DocumentsOptions): Documents {
  const fills = readFills(join(directory, cluster), log);

  function fillOf(database: string): Fill {
    let fill = fills.get(database);
    if (fill === undefined) {
      fill = { tables: 0, kept: 0 };
      fills.set(database, fill);
    }
    return fill;
  }

  async function submit(place: Place, type: CollectionJob['type'], collection: string): Promise<boolean> {
    const answer = await writers.submit(fileOf(place), { type, collection });
    const { stands, tables } = answer as CollectionState;
    fillOf(place.database).tables = tables;
    return stands;
  }

  function release(place: Place): void {
    const fill = fillOf(place.database);
    fill.kept = Math.max(0, fill.kept - 1);
  }

  return {
    async assignPlace() {
      const roomy = fills.entries().find(([, { tables, kept }]) => tables + kept < tablesPerFile);
      const database = roomy?.[0] ?? nextDatabase(fills);
      fillOf(database).kept += 1;
      return { cluster, database };
    },
    releasePlace: release,
    hasCollection: (place, collection) => submit(place, 'has', collection),
    async makeCollection(place, collection) {
      await submit(place, 'make', collection);
      release(place);
    },
    async dropCollection(place, collection) {
      await submit(place, 'drop', collection);
    },
  };
}

function fileOf({ cluster: name, database }: Place): string {
  if (name !== cluster || !databaseName.test(database)) throw new RangeError(`no such place: ${name}/${database}`);
  return join(cluster, `${database}.db`);
}

const prefix = 'tenants-';

function numberOf(database: string): number {
  return Number(database.slice(prefix.length));
}

function nextDatabase(fills: Map<string, Fill>): string {
  const last = [...fills.keys()].at(-1);
  const number = last === undefined ? 1 : numberOf(last) + 1;
  return `${prefix}${String(number).padStart(4, '0')}`;
}

/** The files of the cluster in their order, with the number of tables in each. */
function readFills(path: string, log: Log): Map<string, Fill> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const databases = readdirSync(path)
    .filter((name) => name.endsWith('.db'))
    .map((name) => name.slice(0, -'.db'.length))
    .filter((name) => databaseName.test(name))
    .sort((one, other) => numberOf(one) - numberOf(other));
  return new Map(databases.map((database) => [database, { tables: tablesIn(path, database, log), kept: 0 }]));
}

/** A damaged file does not keep the others from working: it takes no new organization, and its own fail. */
function tablesIn(path: string, database: string, log: Log): number {
  const file = join(path, `${database}.db`);
  try {
    return readTables(file);
  } catch (error) {
    const fault = faultOf(file, error);
    log.error({ ...fault }, `the file ${file} cannot be read: ${fault.reason}`);
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * A file's `user_version`. It is read from the header (bytes 60 to 63, https://www.sqlite.org/fileformat.html#user_version_number),
 * which takes microseconds where opening takes milliseconds; a file that was not closed has its newest header in its WAL.
 */
function readTables(path: string): number {
  if (existsSync(`${path}-wal`)) {
    const connection = connect(path, 'write');
    try {
      return pragmaNumber(connection.database, 'user_version');
    } finally {
      connection.close();
    }
  }
  const header = Buffer.alloc(64);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, header, 0, 64, 0);
  } finally {
    closeSync(descriptor);
  }
  return header.readUInt32BE(60);
}
