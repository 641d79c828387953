import type { Db } from 'mongodb';
import type { BareStore, NewDocument } from './document-routes.ts';
import { type BareDocument, durable } from './mongodb.ts';

/** The documents of all organizations of level `collection`. */
export async function openMongodbDocuments(database: Db): Promise<BareStore> {
  const organizations = await database.collection<BareDocument>('organizations').find({ status: 'active' }).toArray();
  const collections = new Map(
    organizations.map(({ _id, collection_name }) => [_id, database.collection<BareDocument>(String(collection_name))]),
  );
  const collectionOf = (organization: string) => {
    const collection = collections.get(organization);
    if (collection === undefined) throw new Error(`no organization: ${organization}`);
    return collection;
  };
  const transaction = { readConcern: { level: 'snapshot' }, writeConcern: durable } as const;
  return {
    isLive: (organization) => collections.has(organization),
    async read(organization, id) {
      const document = await collectionOf(organization).findOne({ _id: id });
      if (document === null) return undefined;
      // The service's own mark, which nobody is shown.
      const { _commit, ...shown } = document;
      return JSON.stringify(shown);
    },
    async insert(organization, documents) {
      const collection = collectionOf(organization);
      const [first, ...others] = documents.map(formOf);
      if (first === undefined) return;
      if (others.length === 0) return await collection.insertOne(first);
      await database.client.withSession((session) =>
        session.withTransaction(() => collection.insertMany([first, ...others], { session }), transaction),
      );
    },
  };
}

function formOf({ id, at, members }: NewDocument): BareDocument {
  return { _id: id, _version: 1, _created_at: at, _updated_at: at, ...JSON.parse(members) };
}
