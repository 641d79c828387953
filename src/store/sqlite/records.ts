import { commandEnd } from '../decide.ts';
import { frozen } from '../frozen.ts';
import { prefixEnd } from '../prefix.ts';
import { createRecordCache, type RecordCache } from '../record-cache.ts';
import {
  type Append,
  type Indexes,
  type Join,
  type Kind,
  type ListRange,
  type Outcome,
  type RecordChange,
  type Records,
  type Stored,
  sorted,
  writtenBy,
} from '../records.ts';
import type { Connection } from './connection.ts';
import { faultOf, unavailable } from './faults.ts';
import type { Job, WrittenAppend, WrittenChange } from './jobs.ts';
import { memberOf, quoted } from './layout.ts';
import type { Writers } from './writers.ts';

/** Records that one `getMany` or `list` may return. */
const mostAtOnce = 1_000;

/** With what the port for records works. */
export interface RecordsOptions {
  /** The master database, for reading; used on this thread alone. */
  readonly connection: Connection;
  /** The name of its file. */
  readonly master: string;
  readonly writers: Pick<Writers, 'submit'>;
  /** How many records of a kind are kept in memory. */
  readonly cacheRecords: number;
}

/**
 * The port for records on SQLite. Reads run at once on the calling thread: by key, from the page cache, some tens of
 * microseconds. This process alone holds the directory, so a record that was read stays right until a commit of our own
 * touches it (`record-cache.ts`).
 */
export function createRecords({ connection, master, writers, cacheRecords }: RecordsOptions): Records {
  const caches = new Map<string, RecordCache>();

  function cacheOf(kind: Kind): RecordCache {
    let cache = caches.get(kind.name);
    if (cache === undefined) {
      cache = createRecordCache(kind, cacheRecords);
      caches.set(kind.name, cache);
    }
    return cache;
  }

  function rows(sql: string, ...values: (string | number)[]): Stored[] {
    try {
      return connection
        .prepare(sql)
        .all(...values)
        .map(recordOf);
    } catch (error) {
      throw unavailable(faultOf(master, error));
    }
  }

  function one(kind: Kind, condition: string, key: string): Stored | undefined {
    const [record] = rows(`SELECT body FROM ${quoted(kind.name)} WHERE ${condition} = ?`, key);
    if (record !== undefined) cacheOf(kind).put(record);
    return record;
  }

  const byId = (kind: Kind, id: string) => cacheOf(kind).byId(id) ?? one(kind, 'id', id);
  const byIndex = (kind: Kind, index: string, key: string) =>
    cacheOf(kind).byIndex(index, key) ?? one(kind, memberOf('body', index), key);

  return {
    async get<R extends Stored>(kind: Kind<R>, id: string) {
      return byId(kind as Kind, id) as R | undefined;
    },

    async getMany<R extends Stored>(kind: Kind<R>, ids: readonly string[]) {
      if (ids.length > mostAtOnce) throw new RangeError(`at most ${mostAtOnce} ids at once`);
      const sql = `SELECT body FROM ${quoted(kind.name)} WHERE id IN (SELECT value FROM json_each(?))`;
      const found = new Map(rows(sql, JSON.stringify(ids)).map((record) => [record.id, record]));
      return ids.flatMap((id) => found.get(id) ?? []) as R[];
    },

    async find<R extends Stored, X extends Indexes<R>>(kind: Kind<R, X>, index: string & keyof X, key: string) {
      return byIndex(kind as Kind, index, key) as R | undefined;
    },

    async findJoined<R extends Stored, X extends Indexes<R>, J extends Stored>(
      kind: Kind<R, X>,
      index: string & keyof X,
      key: string,
      { member, kind: other }: Join<R, J>,
    ) {
      // Commits come from another thread: where one came between the reads, they are made again.
      for (;;) {
        const first = byIndex(kind as Kind, index, key);
        if (first === undefined) return undefined;
        const second = byId(other as Kind, String(Reflect.get(first, member)));
        if (byId(kind as Kind, first.id)?.version === first.version) {
          return second && ([first as R, second as J] as const);
        }
      }
    },

    async list<R extends Stored, X extends Indexes<R>>(kind: Kind<R, X>, index: string & keyof X, range: ListRange) {
      if (!(range.limit >= 1 && range.limit <= mostAtOnce)) throw new RangeError(`a limit is 1 to ${mostAtOnce}`);
      return listRows(connection, rows, { table: quoted(kind.name), key: memberOf('body', index), range }) as R[];
    },

    async commit(changes, end = commandEnd()) {
      const { plain, appends } = sorted(changes);
      const job: Job = { type: 'commit', changes: plain.map(written), appends: appends.map(writtenAppend) };
      const writes = writtenBy(changes);
      for (const { kind, id } of writes) cacheOf(kind).touch(id);
      try {
        return (await writers.submit(master, job, end)) as Outcome;
      } finally {
        for (const { kind, id } of writes) cacheOf(kind).settle(id);
      }
    },
  };
}

/** Two statements where a page begins in the middle of equal keys, in one read transaction so that both see one moment. */
function listRows(
  { database }: Connection,
  rows: (sql: string, ...values: (string | number)[]) => Stored[],
  { table, key, range }: { table: string; key: string; range: ListRange },
): Stored[] {
  const { prefix = '', after, limit, direction = 'ascending' } = range;
  const [order, beyond] = direction === 'ascending' ? ['ASC', '>'] : ['DESC', '<'];
  const end = prefixEnd(prefix);
  const within = end === undefined ? `${key} >= ?` : `${key} >= ? AND ${key} < ?`;
  const bounds = end === undefined ? [prefix] : [prefix, end];
  const inOrder = `ORDER BY ${key} ${order}, id ${order} LIMIT ?`;
  const select = (condition: string, values: readonly string[], most: number) =>
    rows(`SELECT body FROM ${table} WHERE ${condition} AND ${within} ${inOrder}`, ...values, ...bounds, most);
  if (after === undefined) return select('true', [], limit);
  database.exec('BEGIN');
  try {
    const equal = select(`${key} = ? AND id ${beyond} ?`, [after.key, after.id], limit);
    const left = limit - equal.length;
    return left === 0 ? equal : [...equal, ...select(`${key} ${beyond} ?`, [after.key], left)];
  } finally {
    // A read that failed may have ended it.
    if (database.isTransaction) database.exec('COMMIT');
  }
}

function recordOf(row: Record<string, unknown>): Stored {
  return frozen(JSON.parse(String(row['body'])));
}

function writtenAppend({ kinds: { entries, trails }, entry, expires_at }: Append): WrittenAppend {
  return { entries: entries.name, trails: trails.name, entry, expires_at };
}

function written({ op, kind, record }: RecordChange): WrittenChange {
  if (op === 'insert' && record.version !== 1) throw new RangeError('a record is inserted with version 1');
  const unique = Object.keys(kind.indexes).filter((member) => kind.indexes[member] === 'unique');
  const { id, version } = record;
  return { op, kind: kind.name, unique, id, version, body: bodyOf(op, record) };
}

function bodyOf(op: RecordChange['op'], record: Stored): string {
  switch (op) {
    case 'insert':
      return JSON.stringify(record);
    case 'replace':
      return JSON.stringify({ ...record, version: record.version + 1 });
    case 'remove':
    case 'check':
      return '';
  }
}
