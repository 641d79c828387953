import type { Entry, NewEntry, TrailKinds } from './trail.ts';

/**
 * The port for records: the master database, few kinds of known shape, read by id or by a declared index.
 *
 * What a caller may rely on, whatever the engine:
 *
 * - **A commit is all or nothing.** No reader and no crash ever shows a part of it, and all commits are equal to some
 *   order one after the other.
 * - **What was acknowledged stays.** `commit` answers `done` when the changes are on disk (embedded) or with a majority
 *   (distributed). A commit that throws `storage_unavailable` may have happened, or may come about at the next
 *   start until another commit is done; whoever repeats it must find out first.
 * - **One reads what one wrote.** A read that begins after `commit` answered sees its changes or later ones.
 * - **Unique means unique.** Two records of a kind never have the same key in a `unique` index, whoever races whom.
 * - **Records are values.** What a read returns is frozen, and shared between callers.
 * - Two reads are two moments: only a commit with the versions that were read decides over both.
 */
export interface Records {
  /** The record with this id, or undefined. */
  get<R extends Stored>(kind: Kind<R>, id: string): Promise<R | undefined>;

  /** The records that exist among these ids, in the order of the ids, all as of one moment. At most 1,000 ids. */
  getMany<R extends Stored>(kind: Kind<R>, ids: readonly string[]): Promise<R[]>;

  /** The one record with this key in a unique index, or undefined. */
  find<R extends Stored, X extends Indexes<R>>(
    kind: Kind<R, X>,
    index: UniqueIndex<X>,
    key: string,
  ): Promise<R | undefined>;

  /**
   * The one record with this key in a unique index, and with it the record whose id stands in its member `join.member`,
   * both as of one moment; undefined where either is not there.
   */
  findJoined<R extends Stored, X extends Indexes<R>, J extends Stored>(
    kind: Kind<R, X>,
    index: UniqueIndex<X>,
    key: string,
    join: Join<R, J>,
  ): Promise<readonly [R, J] | undefined>;

  /** A page of records in the order of an index's key, then id (both compared by code point), or the reverse; all as of one moment. */
  list<R extends Stored, X extends Indexes<R>>(
    kind: Kind<R, X>,
    index: string & keyof X,
    range: ListRange,
  ): Promise<R[]>;

  /**
   * Applies all changes, or none, in their order; entries of trails come last, whose numbers and hashes are given to them
   * here. That others append to the same trail is no conflict. A change that does not hold is told by its place in the array, the first one first;
   * where one `insert` or `replace` breaks several indexes, any one of them is told, an id that is taken before all others.
   *
   * @param end when the caller stops waiting, in milliseconds of `performance.now()`; five seconds from now unless given.
   *   The engine sends nothing to be decided after it: what throws then can only come about by what was sent before
   * @throws {TenantryError} storage_unavailable: the database cannot be written, its answer was lost, or the end came;
   *   busy: others were in the way until then, and nothing was changed
   */
  commit(changes: readonly Change[], end?: number): Promise<Outcome>;
}

/** Which record to read with another: of the kind, the one whose id a member of the other names. */
export interface Join<R extends Stored, J extends Stored> {
  readonly member: string & keyof R;
  readonly kind: Kind<J>;
}

/** What every record has. No name of a member, at any depth, holds NUL. `version` is 1 when inserted and one more after each replace. */
export interface Stored {
  readonly id: string;
  readonly version: number;
}

/** The indexes of a kind: a string member of the record each, by its name. A record without the member is not in it. */
export type Indexes<R extends Stored> = { readonly [Member in string & keyof R]?: 'unique' | 'many' };

/**
 * A kind of record: the name of its table or collection, and its indexes. Declared once, beside its noun. The members of
 * a record have names that begin with a letter.
 */
export interface Kind<R extends Stored = Stored, X = Readonly<Record<string, 'unique' | 'many'>>> {
  readonly name: string;
  readonly indexes: X;
  /** Carries the type of the record; holds nothing. */
  readonly record?: R;
}

/** The names of the unique indexes among `X`. */
export type UniqueIndex<X> = { [Name in string & keyof X]: X[Name] extends 'unique' ? Name : never }[string & keyof X];

/** Declares a kind: `defineKind<User>()('users', { email_key: 'unique' })`. */
export function defineKind<R extends Stored>() {
  return <const X extends Indexes<R>>(name: string, indexes: X): Kind<R, X> => ({ name, indexes });
}

/** Which part of an index to list. `limit` is 1 to 1,000 records. */
export interface ListRange {
  /** Only keys that begin with this. */
  readonly prefix?: string;
  /** Only what comes after this key and id in the direction: those of the last record of the page before. */
  readonly after?: { readonly key: string; readonly id: string };
  /** `ascending` unless given. */
  readonly direction?: 'ascending' | 'descending' | undefined;
  readonly limit: number;
}

/** One step of a commit. */
export type Change = RecordChange | Append;

/**
 * A change of one record. `replace`, `remove` and `check` expect the record to stand at the version that the given record
 * carries, as it was read; `replace` stores the record with the version one higher.
 */
export interface RecordChange {
  readonly op: 'insert' | 'replace' | 'remove' | 'check';
  readonly kind: Kind;
  readonly record: Stored;
}

/** Adds an entry to the end of its organization's trail. All appends of a commit are to one trail. */
export interface Append {
  readonly op: 'append';
  readonly kinds: TrailKinds;
  readonly entry: NewEntry;
  /** From when the trail, which ends with this entry, may be removed: RFC 3339. */
  readonly expires_at?: string | undefined;
}

/** A change that adds a record; its version must be 1. */
export function insert<R extends Stored>(kind: Kind<R>, record: R): RecordChange {
  return { op: 'insert', kind, record };
}

/** A change that puts `record` in the place of the version it was read at. */
export function replace<R extends Stored>(kind: Kind<R>, record: R): RecordChange {
  return { op: 'replace', kind, record };
}

/** A change that removes a record, if it still is at the version it was read at. */
export function remove<R extends Stored>(kind: Kind<R>, record: R): RecordChange {
  return { op: 'remove', kind, record };
}

/** A condition: the record still is at the version it was read at. */
export function check<R extends Stored>(kind: Kind<R>, record: R): RecordChange {
  return { op: 'check', kind, record };
}

/** A change that adds an entry to the end of a trail. @param expires_at as in `Append` */
export function append<E extends Entry>(kinds: TrailKinds<E>, entry: NewEntry<E>, expires_at?: string): Append {
  return { op: 'append', kinds: kinds as unknown as TrailKinds, entry, expires_at };
}

/**
 * The changes of records, in their order, and the entries of a trail, for an engine.
 *
 * @throws {RangeError} the entries are of several trails: two commits could each wait for the other's
 */
export function sorted(changes: readonly Change[]): {
  readonly plain: readonly RecordChange[];
  readonly appends: readonly Append[];
} {
  const plain = changes.filter((change) => change.op !== 'append');
  const appends = changes.filter((change) => change.op === 'append');
  if (new Set(appends.map(({ entry }) => entry.organization_id)).size > 1) {
    throw new RangeError('all entries of a commit are of one trail');
  }
  return { plain, appends };
}

/** The records that a commit writes and somebody may remember: entries are new, and nobody knows them yet. */
export function writtenBy(changes: readonly Change[]): readonly { readonly kind: Kind; readonly id: string }[] {
  return changes.flatMap((change) => {
    if (change.op === 'append') return { kind: change.kinds.trails as Kind, id: change.entry.organization_id };
    return change.op === 'check' ? [] : { kind: change.kind, id: change.record.id };
  });
}

/** What became of a commit: done, or which change did not hold. Where it is not `done`, nothing was changed. */
export type Outcome =
  | { readonly result: 'done' }
  /** Another record has this key; `index` is a declared one, or `id`. */
  | { readonly result: 'duplicate'; readonly kind: string; readonly index: string }
  /** The record is gone, or at another version. */
  | { readonly result: 'conflict'; readonly kind: string; readonly id: string };
