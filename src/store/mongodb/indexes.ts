import type { Db, IndexDescription } from 'mongodb';
import type { Kind } from '../records.ts';
import { hasCode, serverCodes } from './faults.ts';

/** Indexes of this name are ours; an operator's own keep theirs and are left alone. */
const ours = /^tenantry_(?:unique|many)_/;

/**
 * The index of a member. Only strings are in it, so that a record without the member, or with null, takes no key; by
 * `$gte` because a query for one string is then known to need no other documents. Strings are compared by their bytes in
 * UTF-8, which is the order of code points.
 */
function indexOf(member: string, uniqueness: 'unique' | 'many'): IndexDescription & { readonly name: string } {
  const name = `tenantry_${uniqueness}_${member}`;
  const partialFilterExpression = { [member]: { $gte: '' } };
  return uniqueness === 'unique'
    ? { name, key: { [member]: 1 }, unique: true, partialFilterExpression }
    : { name, key: { [member]: 1, _id: 1 }, partialFilterExpression };
}

/**
 * The declared index that a duplicate key's message names: `... index: NAME dup key: ...`
 *
 * @returns a member, or `id`; undefined for an index that is not ours
 */
export function memberOfIndex(message: string): string | undefined {
  const name = / index: (\S+)/.exec(message)?.[1];
  return name === '_id_' ? 'id' : /^tenantry_unique_(.+)$/.exec(name ?? '')?.[1];
}

/** What a kind's collection lacks and has too much of, against its declaration. */
export interface IndexDifference {
  readonly missing: readonly IndexDescription[];
  /** Names: of members that are declared otherwise or no more. */
  readonly surplus: readonly string[];
}

/** Compares a kind's collection with its declaration; one that is not there lacks all. */
export async function compareIndexes(database: Db, { name: kind, indexes }: Kind): Promise<IndexDifference> {
  const declared = Object.entries(indexes).map(([member, uniqueness]) => indexOf(member, uniqueness));
  const standing = await standingNames(database, kind);
  return {
    missing: declared.filter(({ name }) => !standing.includes(name)),
    surplus: standing.filter((name) => ours.test(name) && !declared.some((index) => index.name === name)),
  };
}

async function standingNames(database: Db, kind: string): Promise<string[]> {
  try {
    const standing = await database.collection(kind).listIndexes().toArray();
    return standing.map(({ name }) => String(name));
  } catch (error) {
    if (hasCode(error, serverCodes.namespaceNotFound)) return [];
    throw error;
  }
}

/**
 * Makes the indexes of a kind what it declares; may be done again and at once. One that is no longer declared, or was
 * `unique` and is `many`, goes: it would refuse records that are right.
 */
export async function settleIndexes(database: Db, kind: Kind): Promise<void> {
  const { missing, surplus } = await compareIndexes(database, kind);
  const collection = database.collection(kind.name);
  for (const name of surplus) {
    await collection.dropIndex(name).catch((error: unknown) => {
      // Another instance was faster.
      if (!hasCode(error, serverCodes.indexNotFound)) throw error;
    });
  }
  // On a collection that is not there yet this makes it with its indexes, in one step.
  if (missing.length > 0) await collection.createIndexes([...missing]);
}
