import type { Collection } from 'mongodb';
import type { KeptAnswer, TenantPlace } from '../documents.ts';
import { type CommitGround, optionsOf, type Writing } from './commit.ts';
import { type DocumentsGround, repeatedly } from './documents-ground.ts';
import { causeOf, hasCode, serverCodes } from './faults.ts';

/** Where answers are kept: in the database that all organizations of the cluster share, whatever their levels. */
export const keptCollection = 'tenantry_kept';

/** An answer as it is kept. */
interface KeptForm {
  /** The organization's id, `/` and the answer's. */
  readonly _id: string;
  readonly request: string;
  readonly answer: string;
  /** The server removes it some time after. */
  readonly expires_at: Date;
  readonly _commit: string;
}

/** Answers that are removed at once. */
const mostAtOnce = 1_000;

/** The kept answers of the cluster. */
export function keptIn({ database }: CommitGround): Collection<KeptForm> {
  return database.collection<KeptForm>(keptCollection);
}

/** The `_id` of a kept answer. */
export function keptIdOf({ organization }: TenantPlace, id: string): string {
  return `${organization}/${id}`;
}

/** Makes the index by which the server itself removes the answers whose time is over. May be done again. */
export async function indexKept(ground: CommitGround): Promise<void> {
  await keptIn(ground).createIndex({ expires_at: 1 }, { name: 'tenantry_expiry', expireAfterSeconds: 0 });
}

/** The answer that is kept by this id, also where it is over its time. */
export async function findKept(
  ground: DocumentsGround,
  place: TenantPlace,
  id: string,
  end?: number,
): Promise<KeptAnswer | undefined> {
  const kept = keptIn(ground);
  const form = await repeatedly(ground, () => kept.findOne({ _id: keptIdOf(place, id) }), end);
  if (form === null) return undefined;
  const { request, answer, expires_at } = form;
  return { id, request, answer, expires_at: expires_at.toISOString() };
}

/** An answer to keep. */
export interface Keeping extends Omit<KeptAnswer, 'id'> {
  readonly _id: string;
  /** By when another that is kept may be over. */
  readonly now: Date;
}

/** Keeps answers within a transaction. @returns false where one is kept by the id of any whose time is not over */
export async function keepAnswers(
  ground: CommitGround,
  answers: readonly Keeping[],
  writing: Writing,
): Promise<boolean> {
  if (answers.length === 0) return true;
  const operations = answers.map(({ _id, request, answer, expires_at, now }) => {
    const form = { request, answer, expires_at: new Date(expires_at), _commit: writing.mark };
    // Where another stands that is not over, this inserts, and breaks the uniqueness of `_id`.
    const over = { _id, expires_at: { $lte: now } };
    return { updateOne: { filter: over, update: { $set: form }, upsert: true } };
  });
  try {
    await keptIn(ground).bulkWrite(operations, { ...optionsOf(writing), ordered: true });
    return true;
  } catch (error) {
    if (hasCode(error, serverCodes.duplicateKey)) return false;
    throw causeOf(error);
  }
}

/** Removes the answers whose time is over, as far as the server has not done it by itself; until the signal. */
export async function forgetKept(ground: DocumentsGround, now: Date, signal: AbortSignal): Promise<void> {
  const kept = keptIn(ground);
  const removeSome = async () => {
    const found = await kept
      .find({ expires_at: { $lte: now } }, { projection: { _id: 1 }, limit: mostAtOnce })
      .toArray();
    // One may have been replaced since it was found.
    await kept.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, expires_at: { $lte: now } });
    return found.length;
  };
  while (!signal.aborted && (await repeatedly(ground, removeSome)) === mostAtOnce);
}
