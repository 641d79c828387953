import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Usage } from '../documents.ts';
import type { Connection } from './connection.ts';
import type { AdjustJob } from './jobs.ts';
import { quoted } from './layout.ts';
import { readUsage } from './read-documents.ts';
import { ofOrganization, type TenantTable } from './tenant-table.ts';

/** What was counted, what the slots had at the same moment, and what adds the difference, if there is any. */
export interface Recount {
  readonly counted: Usage;
  readonly slots: Usage;
  readonly adjustment: AdjustJob | undefined;
}

/** Rows that are counted before other work has its turn: some milliseconds. */
const rowsAtOnce = 2_000;

/**
 * Counts an organization's documents, in one read transaction on a connection of its own: others write meanwhile, and what
 * they add to the slots comes on top of the difference.
 */
export async function recount(connection: Connection, table: TenantTable): Promise<Recount> {
  const { database } = connection;
  const { organization } = table;
  database.exec('BEGIN');
  const slots = readUsage(connection, organization);
  const standing = readTallies(connection, organization);
  const tallies = await countRows(connection, table);
  database.exec('COMMIT');
  const counted = sum(tallies.values());
  const slot = difference(counted, slots);
  const collections = [...new Set([...standing.keys(), ...tallies.keys()])]
    .map((name) => [name, difference(tallies.get(name), standing.get(name))] as const)
    .filter(([, lacking]) => isSome(lacking));
  const isRight = !isSome(slot) && collections.length === 0;
  return { counted, slots, adjustment: isRight ? undefined : { type: 'adjust', organization, slot, collections } };
}

function isSome({ documents, bytes }: Usage): boolean {
  return documents !== 0 || bytes !== 0;
}

async function countRows({ database }: Connection, table: TenantTable): Promise<Map<string, Usage>> {
  const { sql, values } = ofOrganization(table);
  const rows = database
    .prepare(`SELECT collection, octet_length(members) AS bytes FROM ${quoted(table.name)} WHERE ${sql}`)
    .iterate(...values);
  const tallies = new Map<string, { documents: number; bytes: number }>();
  let seen = 0;
  for (const row of rows) {
    const collection = String(row['collection']);
    const tally = tallies.get(collection) ?? { documents: 0, bytes: 0 };
    tally.documents += 1;
    tally.bytes += Number(row['bytes']);
    tallies.set(collection, tally);
    seen += 1;
    if (seen % rowsAtOnce === 0) await nextTurn();
  }
  return tallies;
}

function readTallies({ prepare }: Connection, organization: string): Map<string, Usage> {
  const rows = prepare('SELECT collection, documents, bytes FROM tallies WHERE organization = ?').all(organization);
  return new Map(
    rows.map(({ collection, documents, bytes }) => [
      String(collection),
      { documents: Number(documents), bytes: Number(bytes) },
    ]),
  );
}

function sum(usages: Iterable<Usage>): Usage {
  let [documents, bytes] = [0, 0];
  for (const usage of usages) {
    documents += usage.documents;
    bytes += usage.bytes;
  }
  return { documents, bytes };
}

function difference(counted: Usage = nothing, standing: Usage = nothing): Usage {
  return { documents: counted.documents - standing.documents, bytes: counted.bytes - standing.bytes };
}

const nothing: Usage = { documents: 0, bytes: 0 };
