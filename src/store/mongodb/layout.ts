import type { ClientSession, Db, FindOptions } from 'mongodb';
import { StartError } from '../../errors.ts';
import type { Kind } from '../records.ts';
import { unavailable } from '../unavailable.ts';
import { persistently } from './attempts.ts';
import { hasCode, serverCodes } from './faults.ts';
import { compareIndexes, settleIndexes } from './indexes.ts';

/** The collection beside those of the kinds: the layout's record, and the lock under which it is changed. */
export const ownCollection = 'tenantry';

/** The record that makes a database ours. */
interface LayoutDocument {
  readonly _id: 'layout';
  readonly layout: number;
}

/**
 * The layout that this program makes and knows. A change of it comes with the step that leads there from the one before; a
 * change of the declared indexes is one too, because a program of this layout drops those that it does not know.
 */
export const knownLayout = 5;

/** How a database stands to the program: `new`, `behind` what the kinds declare, or `ready`. */
export type LayoutState = 'new' | 'behind' | 'ready';

/**
 * Looks at the database; reads only the names of collections until the layout's record tells that it is ours.
 *
 * @throws {StartError} 78 where it is another program's, or of a newer layout
 */
export async function readLayout(database: Db, kinds: readonly Kind[]): Promise<LayoutState> {
  // The names first: whoever makes a kind's collection has written the layout's record before.
  const wanted = { name: { $in: [ownCollection, ...kinds.map(({ name }) => name)] } };
  const standing = await database.listCollections(wanted, { nameOnly: true }).toArray();
  const names = new Set(standing.map(({ name }) => name));
  const layout = names.has(ownCollection) ? await findLayout(database) : undefined;
  if (layout === undefined) {
    const foreign = kinds.map(({ name }) => name).filter((name) => names.has(name));
    const isOurs = !names.has(ownCollection) || (await holdsOnlyLock(database));
    refuseForeign(database.databaseName, isOurs ? foreign : [ownCollection, ...foreign]);
    return 'new';
  }
  if (layout > knownLayout) {
    throw new StartError(
      78,
      `The database ${database.databaseName} has layout ${layout}, made by a newer Tenantry; this one knows layouts up to ${knownLayout}. Install the newer version.`,
    );
  }
  if (layout < knownLayout) {
    // Kinds that the older layout did not have are only now taken for ours.
    refuseForeign(database.databaseName, await strangersOf(database, kinds));
    return 'behind';
  }
  for (const kind of kinds) {
    const { missing, surplus } = await compareIndexes(database, kind);
    if (missing.length + surplus.length > 0) return 'behind';
  }
  return 'ready';
}

function refuseForeign(database: string, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new StartError(
    78,
    `The database ${database} holds ${names.join(' and ')} of another program, perhaps of the old service. Nothing of it was changed. Name a database of Tenantry's own in TENANTRY_DATABASE_NAME; or, if it was Tenantry's and lost the record of its layout, restore it from a backup.`,
  );
}

async function findLayout(database: Db, within: FindOptions = {}): Promise<number | undefined> {
  const document = await database.collection<LayoutDocument>(ownCollection).findOne({ _id: 'layout' }, within);
  return document?.layout;
}

/** The kinds whose collections hold what no commit of ours wrote. */
async function strangersOf(database: Db, kinds: readonly Kind[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of kinds) {
    const stranger = await database
      .collection(name)
      .findOne({ _commit: { $exists: false } }, { projection: { _id: 1 } });
    if (stranger !== null) names.push(name);
  }
  return names;
}

/** Of who begins to make the layout, who may have made it by now. */
async function holdsOnlyLock(database: Db): Promise<boolean> {
  const others = database.collection<{ _id: string }>(ownCollection).find({ _id: { $nin: ['lock', 'layout'] } });
  return !(await others.hasNext());
}

/** Brings the database to the program's layout. May be done again and at once: the lock only saves work twice. */
export async function makeLayout(database: Db, kinds: readonly Kind[]): Promise<void> {
  await database
    .collection<LayoutDocument>(ownCollection)
    .insertOne({ _id: 'layout', layout: knownLayout })
    .catch((error: unknown) => {
      // It has one already.
      if (!hasCode(error, serverCodes.duplicateKey)) throw error;
    });
  for (const kind of kinds) await settleIndexes(database, kind);
  // Last: a start that ends half way finds that there is something left to do.
  await database
    .collection<LayoutDocument>(ownCollection)
    .updateOne({ _id: 'layout', layout: { $lt: knownLayout } }, { $set: { layout: knownLayout } });
}

/**
 * Resolves where the database answers and still is ours: one that was dropped would take records without their indexes.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function demandLayout(database: Db): Promise<void> {
  refuseDropped(database, await persistently(() => findLayout(database)));
}

/**
 * As `demandLayout`, as of the moment of a transaction where there is one: what is inserted would else make collections anew,
 * which lack what keeps a key unique, and which a start would take for another program's.
 *
 * @throws {TenantryError} storage_unavailable
 */
export async function demandLayoutIn(database: Db, session: ClientSession | undefined): Promise<void> {
  refuseDropped(database, await findLayout(database, session && { session }));
}

function refuseDropped({ databaseName }: Db, layout: number | undefined): void {
  if (layout === undefined) throw unavailable(new Error(`the layout's record is gone from ${databaseName}`));
}
