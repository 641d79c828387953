import type { Part, RateLimit } from '../part.ts';
import { type DocumentTrial, documentTrials, measureDocuments } from './documents.ts';
import { onMongodb, warmSeconds } from './on-mongodb.ts';

/** `GET` of a document. */
export const measureMongodbDocumentRead = measured(documentTrials.read, documentTrials.read.limit.shortfall);

/** An insertion, against one `insertOne`. */
export const measureMongodbDocumentInsert = measured(
  documentTrials.insert,
  'The service writes documents and a slot in a transaction, which those of one organization share; the bare route asks once',
);

/** A batch, against `insertMany` in a transaction. */
export const measureMongodbDocumentBatch = measured(documentTrials.batch, documentTrials.batch.limit.shortfall);

function measured(trial: DocumentTrial & { readonly limit: RateLimit }, shortfall: string): Part {
  return onMongodb(trial.what, async (bench, { name, documents }) => {
    const ground = await documents();
    const here = { ...trial, what: `${trial.what} on ${name}`, limit: { ...trial.limit, shortfall } };
    return await measureDocuments(bench, ground, here, { warmSeconds });
  });
}
