import type { AnyBulkWriteOperation } from 'mongodb';
import type { DocumentChange } from '../documents.ts';
import { optionsOf, type Writing } from './commit.ts';
import { type DocumentForm, formOf, isHexadecimal, isSame, standingAs } from './document-form.ts';
import { causeOf, hasCode, serverCodes } from './faults.ts';
import { memberOfIndex } from './indexes.ts';
import { documentsAt, type Location } from './locate.ts';
import { findForms } from './read-documents.ts';

const ops = ['insert', 'replace', 'remove'] as const;

/**
 * Sends changes of a collection, those of a kind together: no two are about one id, so that their order does not matter.
 *
 * @returns whether all of them hold; `firstUnheld` tells which does not
 */
export async function sendChanges(
  location: Location,
  changes: readonly DocumentChange[],
  writing: Writing,
): Promise<boolean> {
  const inherent = await findInherent(location, changes, writing);
  if (changes.some((change) => change.op === 'insert' && inherent.has(idOf(change)))) return false;
  const _idOf = (change: DocumentChange) => inherent.get(idOf(change)) ?? location.prefix + idOf(change);
  const operations = ops.flatMap((op) =>
    changes.filter((change) => change.op === op).map((change) => operationOf(change, _idOf(change), writing.mark)),
  );
  return await sendOperations(location, operations, writing);
}

/** Sends operations on one document each. @returns whether each of them found what it expects */
export async function sendOperations(
  location: Location,
  operations: readonly AnyBulkWriteOperation<DocumentForm>[],
  writing: Writing,
): Promise<boolean> {
  if (operations.length === 0) return true;
  try {
    const sent = await documentsAt(location).bulkWrite(operations, { ...optionsOf(writing), ordered: true });
    return sent.insertedCount + sent.matchedCount + sent.deletedCount === operations.length;
  } catch (error) {
    // Not by an index of another program's: of that no change can be told.
    if (hasCode(error, serverCodes.duplicateKey) && memberOfIndex(String(error)) === 'id') return false;
    throw causeOf(error);
  }
}

/** The ObjectIds of the changes that are about a document of another program. */
async function findInherent(
  location: Location,
  changes: readonly DocumentChange[],
  { session }: Writing,
): Promise<Map<string, DocumentForm['_id']>> {
  const ids = location.prefix === '' ? changes.map(idOf).filter(isHexadecimal) : [];
  const forms = await findForms(location, ids, { projection: { _id: 1 }, ...(session && { session }) });
  const standing = [...forms].map(([id, { _id }]) => [id, _id] as const);
  return new Map(standing.filter(([, _id]) => typeof _id !== 'string'));
}

function operationOf(
  change: DocumentChange,
  _id: DocumentForm['_id'],
  mark: string,
): AnyBulkWriteOperation<DocumentForm> {
  switch (change.op) {
    case 'insert':
      return { insertOne: { document: formOf(change.document, _id, mark) } };
    case 'replace': {
      // In a plain replacement a name that begins with `$` would be taken for an operator.
      const update = [{ $replaceWith: { $literal: formOf(change.document, _id, mark) } }];
      return { updateOne: { filter: standingAs(_id, change.before), update } };
    }
    case 'remove':
      return { deleteOne: { filter: standingAs(_id, change.before) } };
  }
}

/** The place of the first change that does not hold as of now. */
export async function firstUnheld(location: Location, changes: readonly DocumentChange[]): Promise<number | undefined> {
  const forms = await findForms(location, changes.map(idOf), { projection: { _version: 1, _commit: 1 } });
  const first = changes.findIndex((change) => {
    const standing = forms.get(idOf(change));
    if (change.op === 'insert') return standing !== undefined;
    return standing === undefined || !isSame(standing, change.before);
  });
  return first === -1 ? undefined : first;
}

/** The id of the document that a change is about. */
export function idOf(change: DocumentChange): string {
  return change.op === 'remove' ? change.before.id : change.document.id;
}
