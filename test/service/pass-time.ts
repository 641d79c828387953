import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Db } from 'mongodb';
import type { Deletion } from '../../src/organizations/organization.ts';

/** The kinds of which deletions are held for a time. */
const kinds = ['organizations', 'collections'];

/** The times of a record that the sweep looks at. */
interface Times {
  readonly created_at: string;
  readonly deletion?: Deletion;
}

/** Makes the organizations and collections of a data directory older, while no process has it. */
export function passTimeInDirectory(directory: string, milliseconds: number): void {
  using database = new DatabaseSync(join(directory, 'master.db'));
  for (const kind of kinds) {
    const replace = database.prepare(`UPDATE ${kind} SET body = ? WHERE id = ?`);
    for (const { id, body } of database.prepare(`SELECT id, body FROM ${kind}`).all()) {
      if (typeof id !== 'string' || typeof body !== 'string') throw new Error(`the ${kind} are stored otherwise`);
      const record: Times = JSON.parse(body);
      replace.run(JSON.stringify({ ...record, ...older(record, milliseconds) }), id);
    }
  }
}

/**
 * Makes the organizations and collections of a database older that are unfinished: others may be in a transaction of a process that was
 * killed, for which a write would wait until the server gives it up.
 */
export async function passTimeInDatabase(database: Db, milliseconds: number): Promise<void> {
  for (const kind of kinds) {
    const collection = database.collection<Times & { readonly status: string }>(kind);
    for (const { _id, ...times } of await collection.find({ status: { $ne: 'active' } }).toArray()) {
      await collection.updateOne({ _id }, { $set: older(times, milliseconds) });
    }
  }
}

function older({ created_at, deletion }: Times, milliseconds: number): Times {
  const before = (time: string) => new Date(Date.parse(time) - milliseconds).toISOString();
  return {
    created_at: before(created_at),
    ...(deletion && { deletion: { ...deletion, until: before(deletion.until) } }),
  };
}
