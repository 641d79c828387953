import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DocumentChange, Documents, Place, StoredDocument, TenantPlace, Usage } from '../documents.ts';
import { FileError, faultOf, unavailable } from './faults.ts';
import type { Before, DocumentWriting } from './jobs.ts';
import { readKept, readUsage } from './read-documents.ts';
import { readMany, readPage } from './read-in-slices.ts';
import type { Readers } from './readers.ts';
import { recount } from './recount.ts';
import type { Rooms } from './rooms.ts';
import { createAccess, type TenantAccess } from './tenant-access.ts';
import { bytesOfFiles, databasesIn } from './tenant-files.ts';
import { fileOf, folder, isDatabaseName, tenantTable } from './tenant-table.ts';
import type { Writers } from './writers.ts';

/** With what the port for documents works. */
export interface DocumentsOptions {
  /** The name that places have of the directory. */
  readonly cluster: string;
  readonly directory: string;
  readonly writers: Writers;
  readonly readers: Readers;
  readonly rooms: Rooms;
}

/** Documents of one call at most. */
const mostAtOnce = 1_000;

/** Rows of one job of those that clean up, so that the writes of neighbours come in between. */
const rowsOfSlice = 100;

const nothing: Usage = { documents: 0, bytes: 0 };

/**
 * The port for documents on SQLite. Reads run at once on the calling thread, writes on the thread that the file belongs
 * to. An organization has a table in one of the cluster's files, rows in a table that it shares, or a file of its own.
 */
export function createDocuments(options: DocumentsOptions): Documents {
  const access = createAccess(options);
  return {
    ...placing(access, options),
    ...reading(access),
    ...writing(access),
    ...upkeep(access, options),
    // A collection is nothing but its documents, and a tally that counts none goes by itself.
    hasRemains: async () => false,
    async dropRemains() {},
    async forgetCollection() {},
  };
}

type Placing = 'assignPlace' | 'releasePlace' | 'measure' | 'hasCollection' | 'makeCollection' | 'dropCollection';

function placing(
  access: TenantAccess,
  { cluster, directory, readers, rooms }: DocumentsOptions,
): Pick<Documents, Placing> {
  return {
    async assignPlace(level, organization) {
      return { cluster, database: rooms.assign(level, organization) };
    },

    releasePlace: ({ database }) => rooms.release(database),

    async measure() {
      const own = access.countOwnFiles();
      const { pooled, withTable } = rooms.count();
      try {
        const bytes = await bytesOfFiles(directory);
        return { organizations: pooled + withTable + own, collections: withTable + own, databases: own, bytes };
      } catch (error) {
        throw unavailable(faultOf(folder, error));
      }
    },

    async hasCollection(place, collection) {
      // A file of level `collection` stands from the moment that it is named; the others are made when they are needed.
      if (!isDatabaseName(place.database, 'collection') && !existsSync(join(directory, fileOf(place)))) return false;
      return (await access.submit(place, { type: 'has', name: collection })).stands;
    },

    async makeCollection(place) {
      const table = tenantTable(place);
      if (table.hasOwnFile) access.expect(table);
      const { isNew } = await access.submit(place, { type: 'make', table, epoch: place.epoch });
      if (isNew) rooms.release(place.database);
    },

    async dropCollection(place) {
      const table = tenantTable(place);
      if (table.hasOwnFile) access.leave(table);
      const { usage } = await access.submit(place, { type: 'drop', table });
      // Who reads while it is made again, at the same time, may have opened the one that was dropped.
      if (table.hasOwnFile) readers.close(table.file);
      let left = table.isShared;
      while (left) ({ left } = await access.submit(place, { type: 'erase', table, most: rowsOfSlice }));
      return usage;
    },
  };
}

function reading(access: TenantAccess): Pick<Documents, 'getMany' | 'list' | 'usage' | 'kept'> {
  return {
    async getMany(place, collection, ids) {
      demandRange('ids', ids.length, 0);
      return readMany(access, place, collection, ids);
    },

    async list(place, collection, range) {
      demandRange('documents', range.limit, 1);
      return readPage(access, place, collection, range);
    },

    usage: (place, collection) =>
      access.read(place, nothing, (connection, { organization }) => readUsage(connection, organization, collection)),

    kept: (place, id) =>
      access.read(place, undefined, (connection, { organization }) => readKept(connection, organization, id)),
  };
}

function writing(access: TenantAccess): Pick<Documents, 'write' | 'removeSome' | 'raiseEpoch'> {
  return {
    async write(place, { collection, changes, quota, keep, keepWithin, now: moment = new Date() }, end) {
      demandRange('changes', changes.length, 0);
      const table = tenantTable(place);
      if (access.isAbsent(table)) return { result: 'moved' };
      const { epoch } = place;
      const bytes = changes.reduce(
        (sum, change) => sum + ('document' in change ? change.document.members.length : 0),
        0,
      );
      const now = moment.toISOString();
      const written = { collection, changes: changes.map(writingOf), bytes, quota, keep, keepWithin };
      return access.submit(place, { type: 'write', table, epoch, ...written, now }, end);
    },

    async removeSome(place, collection, most, end) {
      demandRange('documents', most, 1);
      const table = tenantTable(place);
      if (access.isAbsent(table)) return 'moved';
      const { epoch } = place;
      const answer = await access.submit(place, { type: 'removeSome', table, epoch, collection, most }, end);
      return 'result' in answer ? answer.result : answer.removed;
    },

    async raiseEpoch(place) {
      const table = tenantTable(place);
      if (access.isAbsent(table)) return;
      await access.submit(place, { type: 'raiseEpoch', organization: table.organization, epoch: place.epoch });
    },
  };
}

function upkeep(
  access: TenantAccess,
  { cluster, directory }: DocumentsOptions,
): Pick<Documents, 'recount' | 'forgetKept'> {
  const recounts = new Map<string, ReturnType<Documents['recount']>>();

  async function recountOne(place: TenantPlace): ReturnType<Documents['recount']> {
    const found = await access.readApart(place, undefined, recount);
    if (found === undefined) return { counted: nothing, slots: nothing };
    const { counted, slots, adjustment } = found;
    if (adjustment !== undefined) await access.submit(place, adjustment);
    return { counted, slots };
  }

  return {
    // Two at once would both add what is missing.
    recount(place) {
      const { organization } = place;
      const running = recounts.get(organization);
      if (running !== undefined) return running;
      const begun = recountOne(place).finally(() => recounts.delete(organization));
      recounts.set(organization, begun);
      return begun;
    },

    async forgetKept(now, signal) {
      for (const database of databasesIn(directory)) {
        const file = fileOf({ database });
        const isGone = access.isAbsent({ file, hasOwnFile: isDatabaseName(database, 'database') });
        if (!isGone) await forgetIn(access, { cluster, database }, { now: now.toISOString(), signal });
        if (signal.aborted) return;
      }
    },
  };
}

interface Forgetting {
  readonly now: string;
  readonly signal: AbortSignal;
}

/** A file that fails was told in the log, and does not keep the others from being done. */
async function forgetIn(access: TenantAccess, place: Place, { now, signal }: Forgetting): Promise<void> {
  try {
    let removed = rowsOfSlice;
    while (removed === rowsOfSlice && !signal.aborted) {
      ({ removed } = await access.submit(place, { type: 'forgetKept', now, most: rowsOfSlice }));
    }
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof FileError)) throw error;
  }
}

function writingOf(change: DocumentChange): DocumentWriting {
  switch (change.op) {
    case 'insert':
      return { op: 'insert', document: change.document };
    case 'replace':
      return { op: 'replace', before: beforeOf(change.before), document: change.document };
    case 'remove':
      return { op: 'remove', before: beforeOf(change.before), id: change.before.id };
  }
}

function beforeOf({ version, created_at, updated_at }: StoredDocument): Before {
  return { version, created_at, updated_at };
}

function demandRange(what: string, number: number, least: number): void {
  if (!(number >= least && number <= mostAtOnce)) throw new RangeError(`${what} at once are ${least} to ${mostAtOnce}`);
}
