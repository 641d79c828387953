import type { Outcome, Stored } from '../records.ts';
import { linked, type Trail } from '../trail.ts';
import type { Connection } from './connection.ts';
import { isSqliteError, resultCode, sqliteCodes } from './faults.ts';
import type { CommitJob, WrittenAppend, WrittenChange } from './jobs.ts';
import { memberOf, quoted } from './layout.ts';

/** Applies the changes in their order, up to the first that does not hold. The caller undoes them if one did not. */
export function applyCommit(connection: Connection, { changes, appends }: CommitJob): Outcome {
  for (const change of changes) {
    const outcome = applyChange(connection, change);
    if (outcome.result !== 'done') return outcome;
  }
  for (const each of appends) appendEntry(connection, each);
  return { result: 'done' };
}

/** The writer is the only one who appends, so that what it reads here stands until its transaction is over. */
function appendEntry(connection: Connection, { entries, trails, entry, expires_at }: WrittenAppend): void {
  const standing = connection.prepare(`SELECT body FROM ${quoted(trails)} WHERE id = ?`).get(entry.organization_id);
  const before: Trail | undefined = standing && JSON.parse(String(standing['body']));
  const next = linked(before, entry, expires_at);
  const put = (table: string, { id, version, ...members }: Stored) =>
    connection
      .prepare(`INSERT OR REPLACE INTO ${quoted(table)} (id, version, body) VALUES (?, ?, ?)`)
      .run(id, version, JSON.stringify({ id, version, ...members }));
  put(trails, next.trail);
  put(entries, next.entry);
}

function applyChange(connection: Connection, change: WrittenChange): Outcome {
  try {
    return touched(connection, change) ? { result: 'done' } : { result: 'conflict', kind: change.kind, id: change.id };
  } catch (error) {
    if (!isSqliteError(error) || resultCode(error) !== sqliteCodes.constraint) throw error;
    return { result: 'duplicate', kind: change.kind, index: brokenIndex(connection, change) };
  }
}

/** Writes the change; false where no record stands at its version. */
function touched(connection: Connection, { op, kind, id, version, body }: WrittenChange): boolean {
  const table = quoted(kind);
  switch (op) {
    case 'insert':
      return (
        connection.prepare(`INSERT INTO ${table} (id, version, body) VALUES (?, ?, ?)`).run(id, version, body)
          .changes === 1
      );
    case 'replace':
      return (
        connection
          .prepare(`UPDATE ${table} SET version = version + 1, body = ? WHERE id = ? AND version = ?`)
          .run(body, id, version).changes === 1
      );
    case 'remove':
      return connection.prepare(`DELETE FROM ${table} WHERE id = ? AND version = ?`).run(id, version).changes === 1;
    case 'check':
      return connection.prepare(`SELECT 1 FROM ${table} WHERE id = ? AND version = ?`).get(id, version) !== undefined;
  }
}

/** SQLite names one of several broken indexes, in an order of its own; the port promises the order of declaration. */
function brokenIndex(connection: Connection, { op, kind, unique, id, body }: WrittenChange): string {
  const table = quoted(kind);
  if (op === 'insert' && connection.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id) !== undefined) return 'id';
  for (const member of unique) {
    const other = connection
      .prepare(`SELECT 1 FROM ${table} WHERE ${memberOf('body', member)} = ${memberOf('?', member)} AND id <> ?`)
      .get(body, id);
    if (other !== undefined) return member;
  }
  throw new Error(`a constraint of ${kind} that is not an index of it`);
}
