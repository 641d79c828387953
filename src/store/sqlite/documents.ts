import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import type { Documents, Place } from '../documents.ts';
import { pragmaNumber, withConnection } from './connection.ts';
import { createFile, makeDirectory } from './disk.ts';
import { DamagedFileError, FileError, faultOf, unavailable } from './faults.ts';
import type { CollectionJob, CollectionState } from './jobs.ts';
import type { Writers } from './writers.ts';

/** The cluster beside the master database: the directory of this name in the data directory. */
export const cluster = 'main';
const databaseName = /^tenants-(\d{4,})$/;

/** How full a file is. `kept` is room for organizations that are being created. */
interface Fill {
  tables: number;
  kept: number;
  /** It failed by itself, and takes no new organization until something was done in it. */
  unusable: boolean;
}

/** With what the port for documents works. */
export interface DocumentsOptions {
  readonly directory: string;
  readonly writers: Writers;
  /** A schema change costs every other connection to the file a read of its whole schema, so a file takes a bounded number. */
  readonly tablesPerFile: number;
  readonly log: Log;
}

/** The port for documents on SQLite: each organization has a table, in one of the cluster's files. */
export function createDocuments({ directory, writers, tablesPerFile, log }: DocumentsOptions): Documents {
  makeDirectory(join(directory, cluster));
  const fills = readFills(directory, log);

  function beginDatabase(): [string, Fill] {
    const database = nextDatabase(fills);
    const file = fileOf({ cluster, database });
    try {
      createFile(join(directory, file));
    } catch (error) {
      throw unavailable(faultOf(file, error));
    }
    const fill = { tables: 0, kept: 0, unusable: false };
    fills.set(database, fill);
    return [database, fill];
  }

  async function submit(place: Place, type: CollectionJob['type'], collection: string): Promise<CollectionState> {
    const fill = fills.get(place.database);
    try {
      const state = (await writers.submit(fileOf(place), { type, collection })) as CollectionState;
      if (fill !== undefined) Object.assign(fill, { tables: state.tables, unusable: false });
      return state;
    } catch (error) {
      if (fill !== undefined && isUnusable(error)) fill.unusable = true;
      throw error;
    }
  }

  function releasePlace({ database }: Place): void {
    const fill = fills.get(database);
    if (fill !== undefined) fill.kept = Math.max(0, fill.kept - 1);
  }

  return {
    async assignPlace() {
      const roomy = fills
        .entries()
        .find(([, { tables, kept, unusable }]) => !unusable && tables + kept < tablesPerFile);
      const [database, fill] = roomy ?? beginDatabase();
      fill.kept += 1;
      return { cluster, database };
    },
    releasePlace,
    async hasCollection(place, collection) {
      return (await submit(place, 'has', collection)).stands;
    },
    async makeCollection(place, collection) {
      if ((await submit(place, 'make', collection)).changed) releasePlace(place);
    },
    async dropCollection(place, collection) {
      await submit(place, 'drop', collection);
    },
  };
}

function isUnusable(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof FileError && error.cause.fault.unusable;
}

function fileOf({ cluster: name, database }: Place): string {
  if (name !== cluster || !databaseName.test(database)) throw new RangeError(`no such place: ${name}/${database}`);
  return join(cluster, `${database}.db`);
}

function numberOf(database: string): number {
  return Number(databaseName.exec(database)?.[1]);
}

/** The one after the last: the map is in the order of the numbers. */
function nextDatabase(fills: ReadonlyMap<string, Fill>): string {
  const last = [...fills.keys()].at(-1);
  const number = last === undefined ? 1 : numberOf(last) + 1;
  return `tenants-${String(number).padStart(4, '0')}`;
}

/** The tenants' files in the order of their numbers, which may have gaps; relative to the data directory. */
export function tenantFiles(directory: string): string[] {
  return databasesIn(directory).map((database) => fileOf({ cluster, database }));
}

function databasesIn(directory: string): string[] {
  const path = join(directory, cluster);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.db'))
    .map((name) => name.slice(0, -'.db'.length))
    .filter((name) => databaseName.test(name))
    .sort((one, other) => numberOf(one) - numberOf(other));
}

/** The files of the cluster in their order, with the number of tables in each. */
function readFills(directory: string, log: Log): Map<string, Fill> {
  return new Map(databasesIn(directory).map((database) => [database, readFill(directory, database, log)]));
}

/** A damaged file does not keep the others from working. */
function readFill(directory: string, database: string, log: Log): Fill {
  const file = fileOf({ cluster, database });
  try {
    return { tables: readTables(join(directory, file)), kept: 0, unusable: false };
  } catch (error) {
    const fault = faultOf(file, error);
    log.error(fault, `${file} failed: ${fault.reason}; its organizations cannot work, and it takes no new one`);
    return { tables: 0, kept: 0, unusable: true };
  }
}

const magic = 'SQLite format 3\0';
const headerBytes = 100;

/**
 * A file's `user_version`. It is read from the header (bytes 60 to 63, https://www.sqlite.org/fileformat.html#user_version_number),
 * which takes microseconds where opening takes milliseconds; a file that was not closed has its newest header in its WAL.
 */
function readTables(path: string): number {
  if (existsSync(`${path}-wal`)) {
    return withConnection(path, 'write', ({ database }) => pragmaNumber(database, 'user_version'));
  }
  const header = Buffer.alloc(headerBytes);
  const descriptor = openSync(path, 'r');
  try {
    const bytes = readSync(descriptor, header, 0, headerBytes, 0);
    // Begun, and nothing was written to it yet.
    if (bytes === 0) return 0;
    if (bytes < headerBytes || !header.toString('latin1').startsWith(magic)) {
      throw new DamagedFileError('it does not begin as a database does');
    }
  } finally {
    closeSync(descriptor);
  }
  return header.readUInt32BE(60);
}
