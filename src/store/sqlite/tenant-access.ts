import { TenantryError } from '../../errors.ts';
import type { Place, TenantPlace } from '../documents.ts';
import type { Connection } from './connection.ts';
import { FileError, faultOf, isSqliteError, resultCode, sqliteCodes, unavailable } from './faults.ts';
import type { Answers, Job } from './jobs.ts';
import type { Readers } from './readers.ts';
import type { Rooms } from './rooms.ts';
import { databasesIn } from './tenant-files.ts';
import { fileOf, type TenantTable, tenantTable } from './tenant-table.ts';
import { slotOf } from './write-slots.ts';
import type { Writers } from './writers.ts';

/** With what tenants' files are read and written. */
export interface AccessOptions {
  /** The name that places have of the directory. */
  readonly cluster: string;
  readonly directory: string;
  readonly writers: Writers;
  readonly readers: Readers;
  readonly rooms: Rooms;
}

/** What is read on a connection. */
export type Reading<T> = (connection: Connection, table: TenantTable) => T;

/** How tenants' files are read and written, and what is known of those that are gone. */
export interface TenantAccess {
  /** Does a job in the file of the place. @throws {TenantryError} storage_unavailable, busy, stopping */
  submit<T extends Job['type']>(place: Place, job: Extract<Job, { type: T }>, end?: number): Promise<Answers[T]>;
  /** Reads at once; gives `nothing` where the organization has nothing in the place. @throws {TenantryError} storage_unavailable */
  read<T>(place: TenantPlace, nothing: T, reading: Reading<T>): Promise<T>;
  /** The same on a connection of its own, for what takes its time. */
  readApart<T>(place: TenantPlace, nothing: T, reading: Reading<Promise<T>>): Promise<T>;
  /** Whether the organization has no file yet, or no longer: there is nothing to be read, and no slot. */
  isAbsent(table: Pick<TenantTable, 'file' | 'hasOwnFile'>): boolean;
  /** How many organizations have a file of their own. */
  countOwnFiles(): number;
  /** The organization's own file is about to be made. */
  expect(table: TenantTable): void;
  /** It is about to be dropped, or just was: nothing reads by a file that is removed. */
  leave(table: TenantTable): void;
}

/** Opens nothing yet. */
export function createAccess({ cluster, directory, writers, readers, rooms }: AccessOptions): TenantAccess {
  // Own files that were there at the start, or are made since. It changes in the order of the calls, which is that of the
  // jobs. One that is here and cannot be opened was lost.
  const ownFiles = new Set(databasesIn(directory, 'database').map((database) => fileOf({ database })));
  const isAbsent: TenantAccess['isAbsent'] = ({ hasOwnFile, file }) => hasOwnFile && !ownFiles.has(file);

  function demandCluster(place: Place): void {
    if (place.cluster !== cluster) throw new RangeError(`no such place: ${place.cluster}/${place.database}`);
  }

  async function guarded<T>(
    table: TenantTable,
    nothing: T,
    connect: () => Connection,
    reading: Reading<T | Promise<T>>,
  ): Promise<T> {
    let connection: Connection | undefined;
    try {
      connection = connect();
      return await reading(connection, table);
    } catch (error) {
      if (error instanceof TenantryError) throw error;
      const isDropped = connection !== undefined && lacksTable(error) && hasNoSlot(connection, table);
      // The next read begins anew, by what is at the path then; a statement that failed would tell so at its next use.
      readers.close(table.file);
      if (isDropped) return nothing;
      throw unavailable(faultOf(table.file, error));
    }
  }

  return {
    async submit(place, job, end) {
      demandCluster(place);
      const file = fileOf(place);
      try {
        const answer = await writers.submit(file, job, end);
        rooms.note(place.database, 'organizations' in answer ? answer.organizations : undefined);
        return answer;
      } catch (error) {
        if (error instanceof Error && error.cause instanceof FileError) {
          // It may be another file by now.
          readers.close(file);
          if (error.cause.fault.unusable) rooms.shun(place.database);
        }
        throw error;
      }
    },
    async read(place, nothing, reading) {
      demandCluster(place);
      const table = tenantTable(place);
      if (isAbsent(table)) return nothing;
      return guarded(table, nothing, () => readers.to(table.file), reading);
    },
    async readApart(place, nothing, reading) {
      demandCluster(place);
      const table = tenantTable(place);
      if (isAbsent(table)) return nothing;
      using opened = new DisposableStack();
      const connect = () => opened.adopt(readers.open(table.file), readers.release);
      return await guarded(table, nothing, connect, reading);
    },
    isAbsent,
    countOwnFiles: () => ownFiles.size,
    expect({ file }) {
      ownFiles.add(file);
    },
    leave({ file }) {
      ownFiles.delete(file);
      readers.close(file);
    },
  };
}

/** A statement does not fit the schema: the table is not there, or as the first version made it. */
function lacksTable(error: unknown): boolean {
  return isSqliteError(error) && resultCode(error) === sqliteCodes.error;
}

/** Whether the organization was dropped, or has not been made yet. A file is sound where it can tell. */
function hasNoSlot(connection: Connection, { file, organization }: TenantTable): boolean {
  try {
    const hasSlots = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'slots'").get() !== undefined;
    return !hasSlots || slotOf(connection, organization) === undefined;
  } catch (error) {
    throw unavailable(faultOf(file, error));
  }
}
