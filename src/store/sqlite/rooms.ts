import { dirname, join } from 'node:path';
import type { Log } from '../../log.ts';
import type { Level } from '../documents.ts';
import { createFile, sync } from './disk.ts';
import { faultOf, unavailable } from './faults.ts';
import { databasesIn, readOrganizations } from './tenant-files.ts';
import { fileOf, isDatabaseName, pooledDatabase } from './tenant-table.ts';

/** In which database a new organization finds room. */
export interface Rooms {
  /** The database for a new organization, begun where it does not stand. @throws {TenantryError} storage_unavailable */
  assign(level: Level, organization: string): string;
  /** Gives up the room that `assign` kept in the database. */
  release(database: string): void;
  /** Something was done in the database, where it tells how many organizations are in it now. */
  note(database: string, organizations: number | undefined): void;
  /** The database's file fails by itself: until something is done in it, it takes no new organization. */
  shun(database: string): void;
  /** How many organizations are in files that several are in. */
  count(): { readonly pooled: number; readonly withTable: number };
}

/** How full a file is that several organizations are in. `kept` is room for those that are being created. */
interface Fill {
  organizations: number;
  kept: number;
  unusable: boolean;
}

/** What the rooms are in. */
export interface RoomsOptions {
  readonly directory: string;
  /** A schema change costs every other connection to the file a read of its whole schema, so a file takes a bounded number. */
  readonly tablesPerFile: number;
  readonly log: Log;
}

/** Counts the organizations in the files that there are. */
export function createRooms({ directory, tablesPerFile, log }: RoomsOptions): Rooms {
  const fillsOf = (level: Level) =>
    new Map(databasesIn(directory, level).map((database) => [database, readFill(directory, database, log)]));
  const [fills, pools] = [fillsOf('collection'), fillsOf('pooled')];
  const fillOf = (database: string) => fills.get(database) ?? pools.get(database);

  function begin(database: string, beside: Map<string, Fill>): Fill {
    const file = fileOf({ database });
    try {
      createFile(join(directory, file));
      // Once an organization's record names it, it must be there.
      sync(join(directory, dirname(file)));
    } catch (error) {
      throw unavailable(faultOf(file, error));
    }
    const fill = { organizations: 0, kept: 0, unusable: false };
    beside.set(database, fill);
    return fill;
  }

  function assignTable(): string {
    const roomy = fills
      .entries()
      .find(([, { organizations, kept, unusable }]) => !unusable && organizations + kept < tablesPerFile);
    const database = roomy?.[0] ?? nextDatabase(fills);
    const fill = roomy?.[1] ?? begin(database, fills);
    fill.kept += 1;
    return database;
  }

  return {
    assign(level, organization) {
      switch (level) {
        case 'collection':
          return assignTable();
        case 'pooled':
          // Begun once: a file that is gone must not come back as an empty one.
          if (!pools.has(pooledDatabase)) begin(pooledDatabase, pools);
          return pooledDatabase;
        case 'database':
        case 'cluster':
          if (!isDatabaseName(organization, level)) throw new RangeError(`no id of an organization: ${organization}`);
          return organization;
      }
    },
    release(database) {
      const fill = fillOf(database);
      if (fill !== undefined) fill.kept = Math.max(0, fill.kept - 1);
    },
    note(database, organizations) {
      const fill = fillOf(database);
      if (fill === undefined) return;
      fill.unusable = false;
      fill.organizations = organizations ?? fill.organizations;
    },
    shun(database) {
      const fill = fillOf(database);
      if (fill !== undefined) fill.unusable = true;
    },
    count: () => ({ pooled: sum(pools), withTable: sum(fills) }),
  };
}

function sum(fills: ReadonlyMap<string, Fill>): number {
  return fills.values().reduce((total, { organizations }) => total + organizations, 0);
}

/** The one after the last: the map is in the order of the numbers. */
function nextDatabase(fills: ReadonlyMap<string, Fill>): string {
  const last = [...fills.keys()].at(-1) ?? 'tenants-0000';
  const number = Number(last.slice('tenants-'.length)) + 1;
  return `tenants-${String(number).padStart(4, '0')}`;
}

/** A damaged file does not keep the others from working. */
function readFill(directory: string, database: string, log: Log): Fill {
  const file = fileOf({ database });
  try {
    return { organizations: readOrganizations(join(directory, file)), kept: 0, unusable: false };
  } catch (error) {
    const fault = faultOf(file, error);
    log.error(fault, `${file} failed: ${fault.reason}; its organizations cannot work, and it takes no new one`);
    return { organizations: 0, kept: 0, unusable: true };
  }
}
