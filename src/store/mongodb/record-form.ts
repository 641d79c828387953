import type { Document } from 'mongodb';
import { frozen } from '../frozen.ts';
import type { Stored } from '../records.ts';

/**
 * A record as a document: its members as they are, `id` as `_id`, and `_commit`, which names the commit that wrote it
 * last. By that a commit whose answer was lost finds out whether it happened.
 */
export type RecordDocument = Document & { readonly _id: string; readonly version: number; readonly _commit: string };

/** The document that stores a record. */
export function documentOf({ id, ...members }: Stored, mark: string): RecordDocument {
  // What JSON leaves out is left out on every engine: members that are undefined.
  return { _id: id, ...members, _commit: mark };
}

/** The record that a document stores. */
export function recordOf({ _id, _commit, ...members }: RecordDocument): Stored {
  return frozen({ id: _id, ...members });
}
