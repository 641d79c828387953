import type { Collection } from 'mongodb';
import type { TenantPlace } from '../documents.ts';
import { type DocumentsGround, once, type ReadGround, repeatedly } from './documents-ground.ts';
import { serverCodes } from './faults.ts';

/** Where the databases that are an organization's own are told: of those of a deployment's nobody else knows whose they are. */
const databasesCollection = 'tenantry_databases';

function databasesIn({ database }: ReadGround): Collection<{ _id: string }> {
  return database.collection<{ _id: string }>(databasesCollection);
}

/** Notes an organization's own database, before it is made. @throws {TenantryError} storage_unavailable */
export async function noteDatabase(ground: DocumentsGround, { database }: TenantPlace): Promise<void> {
  await once(ground, () => databasesIn(ground).insertOne({ _id: database }), serverCodes.duplicateKey);
}

/** Forgets an organization's own database, after it was dropped. @throws {TenantryError} storage_unavailable */
export async function forgetDatabase(ground: DocumentsGround, { database }: TenantPlace): Promise<void> {
  await repeatedly(ground, () => databasesIn(ground).deleteOne({ _id: database }));
}

/** The names of the databases that are an organization's own. @throws {TenantryError} storage_unavailable */
export async function listDatabases(ground: ReadGround): Promise<string[]> {
  const noted = await repeatedly(ground, () => databasesIn(ground).find().toArray());
  return noted.map(({ _id }) => _id);
}
