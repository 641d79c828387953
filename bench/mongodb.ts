import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { type DocumentsGround, documentsExtent, prepareDocuments } from './documents-ground.ts';
import { type Ground, type MongodbPlace, prepareGround } from './ground.ts';
import type { LoadClient } from './load-client.ts';

/** The server that the parts on MongoDB use, and what is made there. */
export interface Mongodb {
  /** What answers, for people. */
  readonly name: string;
  /** The same with its version and where it is. */
  readonly shown: string;
  newPlace(): MongodbPlace;
  /** Made when it is first asked for. Fewer organizations than on the embedded store: each costs a collection. */
  ground(): Promise<Ground>;
  /** The same, with documents. */
  documents(): Promise<DocumentsGround>;
  /** Drops all that was made. */
  close(): Promise<void>;
}

const organizations = 200;

/** Reaches the server that `TEST_MONGODB_URL` names; undefined where it names none. */
export async function openMongodb(scratch: string, load: LoadClient): Promise<Mongodb | undefined> {
  const url = process.env['TEST_MONGODB_URL'];
  if (!url) return undefined;
  const client = await new MongoClient(url).connect();
  const { version, storageEngines = [] } = await client.db('admin').command({ buildInfo: 1 });
  const name = storageEngines.includes('documentdb') ? 'DocumentDB' : 'MongoDB';
  const places: MongodbPlace[] = [];
  const newPlace = () => {
    const database = `tenantry_bench_${randomBytes(6).toString('hex')}`;
    const secret = randomBytes(32).toString('base64url');
    const place = { url, database, settings: { DATABASE_URL: url, DATABASE_NAME: database, SECRET: secret } };
    places.push(place);
    return place;
  };
  let ground: Promise<Ground> | undefined;
  let documents: Promise<DocumentsGround> | undefined;
  return {
    name,
    shown: `${name}, which answers as MongoDB ${version}, at ${client.options.hosts.join(', ')}`,
    newPlace,
    ground() {
      ground ??= prepareGround({
        directory: join(scratch, 'mongodb-ground'),
        load,
        place: newPlace(),
        cheap: organizations,
      });
      return ground;
    },
    documents() {
      documents ??= prepareDocuments({
        directory: join(scratch, 'mongodb-documents'),
        load,
        place: newPlace(),
        ...documentsExtent,
      });
      return documents;
    },
    async close() {
      for (const { database } of places) await client.db(database).dropDatabase();
      await client.close();
    },
  };
}
