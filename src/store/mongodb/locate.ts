import type { ClientSession, Collection, Db, Document, RunCommandCursor } from 'mongodb';
import type { Level, Place, TenantPlace } from '../documents.ts';
import { databaseOf } from './client.ts';
import type { DocumentForm } from './document-form.ts';
import type { ClusterGround } from './documents-ground.ts';

/** What the API calls the collection `org_<name>`, which stands from the beginning. */
export const defaultCollection = 'default';

/** Where all documents of the level `pooled` are, by ids that begin with whose they are. */
const pooledCollection = 'tenantry_pooled';

/** A collection of an organization, as it lies on the server. */
export interface Location {
  readonly database: Db;
  /** The name of the server's collection. */
  readonly name: string;
  /** What stands before the id of each document in its `_id`: `<organization id>/<collection>/` where others share the collection. */
  readonly prefix: string;
}

/** Where an organization's documents go: its id names the database that is its own. */
export function placeOf({ cluster, database }: ClusterGround, level: Level, organization: string): Place {
  return { cluster, database: isShared(level) ? database.databaseName : organization };
}

/** Where a collection of an organization is. */
export function locate(ground: ClusterGround, place: TenantPlace, collection: string): Location {
  // What tells collections apart within a name or an `_id` stands in none of their names.
  if (!/^[a-z][a-z0-9_]*$/.test(collection)) throw new RangeError(`no name of a collection: ${collection}`);
  const database = databaseFor(ground, place);
  const { level, organization, collection_name } = place;
  if (level === 'pooled') return { database, name: pooledCollection, prefix: `${organization}/${collection}/` };
  const name = collection === defaultCollection ? collection_name : `${collection_name}.${collection}`;
  return { database, name, prefix: '' };
}

/** The database of an organization's place: that of its own is never the master database, and what is shared is always there. */
export function databaseFor(ground: ClusterGround, place: TenantPlace): Db {
  const database = databaseIn(ground, place);
  if (isShared(place.level) === (place.database === ground.database.databaseName)) return database;
  throw noSuchPlace(place);
}

/** The database of a place. */
export function databaseIn({ client, cluster }: ClusterGround, place: Place): Db {
  if (place.cluster !== cluster) throw noSuchPlace(place);
  return databaseOf(client, place.database);
}

/** How documents are read: anything may be in them. */
const anything = {
  // Other programs may have written what JavaScript has no expression for, and texts that are no UTF-8.
  bsonRegExp: true,
  enableUtf8Validation: false,
} as const;

/** The documents at a location and, where others share it, those of others. */
export function documentsAt({ database, name }: Location): Collection<DocumentForm> {
  return database.collection<DocumentForm>(name, anything);
}

/** Reads at a location by the command `find`, by a cursor that can be told before each batch how many it is to bring. */
export function findAt({ database, name }: Location, find: Document, session?: ClientSession): RunCommandCursor {
  return database.runCursorCommand({ find: name, ...find }, { ...anything, ...(session && { session }) });
}

/** Whether organizations of the level lie in one database, which is the master database. */
export function isShared(level: Level): boolean {
  return level === 'pooled' || level === 'collection';
}

function noSuchPlace({ cluster, database }: Place): RangeError {
  return new RangeError(`no such place: ${cluster}/${database}`);
}
