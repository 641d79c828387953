/**
 * The port for documents: the tenants' data, each organization's in a place of its own within one cluster.
 *
 * What a caller may rely on, whatever the engine and the level:
 *
 * - **A write is all or nothing**, and in its transaction it expects the epoch that its place was read with and counts what
 *   it adds and removes. A write of an old epoch changes nothing, however long its sender was asleep.
 * - **What was acknowledged stays.** `write` answers `done` when the changes are on disk (embedded) or with a majority
 *   (distributed). One that throws `storage_unavailable` may have happened; nothing is sent to be decided after its `end`.
 * - **One reads what one wrote.** A read that begins after `write` answered sees its changes or later ones.
 * - **Nothing of others is touched**: not of another organization, whatever its name and whatever they share, and not of
 *   another collection.
 * - `makeCollection` and `dropCollection` may be called again and at once and end in the same state; when they return, their
 *   effect is durable.
 *
 * Documents are read and written as text: what an engine makes of it inside is its affair.
 */
export interface Documents extends PlacedDocuments {
  /** Chooses where a new organization's documents go, and keeps room there until they are made or given up. */
  assignPlace(level: Level, organization: string): Promise<Place>;

  /** Gives up the room that `assignPlace` kept, where the organization was not created after all. */
  releasePlace(place: Place): void;

  /** What organizations have in the cluster, about now. @throws {TenantryError} storage_unavailable: the cluster is gone */
  measure(): Promise<ClusterMeasure>;
}

/** The part of the port that is about places, whichever cluster they are in. */
export interface PlacedDocuments {
  /** Whether a collection of this name stands in the place, whoever made it: level `collection` may not take it over. */
  hasCollection(place: Place, collection: string): Promise<boolean>;

  /**
   * Makes what the organization's documents need, where it does not stand yet, and its slots with the place's epoch.
   *
   * @throws {TenantryError} storage_unavailable
   */
  makeCollection(place: TenantPlace): Promise<void>;

  /**
   * Removes the slots, so that whoever writes late is refused, then all documents and kept answers of the organization, and
   * verifies that nothing is left.
   *
   * @returns what the slots counted; zeros where another has removed them before
   * @throws {TenantryError} storage_unavailable
   */
  dropCollection(place: TenantPlace): Promise<Usage>;

  /**
   * Whether something stands of a collection beside its documents that goes by its name alone: a drop of it that arrives
   * late would hit the next collection of that name, with what it then has.
   */
  hasRemains(place: TenantPlace, collection: string): Promise<boolean>;

  /**
   * Drops what stands of a collection that was emptied, under an epoch by which nobody writes to it. Where this throws it
   * may happen yet.
   *
   * @throws {TenantryError} storage_unavailable
   */
  dropRemains(place: TenantPlace, collection: string): Promise<void>;

  /**
   * Has the slots forget a collection of which they count nothing any more. Other collections may be written to meanwhile,
   * and what arrives late changes no count.
   *
   * @throws {TenantryError} storage_unavailable
   */
  forgetCollection(place: TenantPlace, collection: string): Promise<void>;

  /** Raises the slots to the place's epoch, those that are behind it. Once it returns no write of an older epoch can happen. */
  raiseEpoch(place: TenantPlace): Promise<void>;

  /** The documents that exist among these ids, in the order of the ids. At most 1,000 ids. */
  getMany(place: TenantPlace, collection: string, ids: readonly string[]): Promise<StoredDocument[]>;

  /** A page of a collection in the order of ids, compared by code point; those that other programs named come after them. */
  list(place: TenantPlace, collection: string, range: DocumentRange): Promise<DocumentPage>;

  /** What the slots count: of the organization, or of one of its collections. */
  usage(place: TenantPlace, collection?: string): Promise<Usage>;

  /** The answer that is kept by this id, if any. One that is over its time may be given or not. */
  kept(place: TenantPlace, id: string): Promise<KeptAnswer | undefined>;

  /**
   * Does all changes in one transaction with their count, or nothing.
   *
   * @param end when the caller stops waiting, in milliseconds of `performance.now()`
   * @throws {TenantryError} storage_unavailable, busy, stopping
   */
  write(place: TenantPlace, write: Write, end: number): Promise<WriteOutcome>;

  /**
   * Removes up to so many documents of a collection, the first by id, as a write of the place's epoch does. Where it removes
   * less than it may, none was left at that moment.
   *
   * @param most 1 to 1,000
   * @returns how many were removed; `moved` where the slots have another epoch or are gone
   * @throws {TenantryError} storage_unavailable, busy, stopping
   */
  removeSome(place: TenantPlace, collection: string, most: number, end: number): Promise<number | 'moved'>;

  /**
   * Counts anew what is there and puts the slots right, while others write. Calls at once may be one.
   *
   * @returns what was counted, and what the slots had at the same moment
   */
  recount(place: TenantPlace): Promise<{ readonly counted: Usage; readonly slots: Usage }>;

  /** Removes kept answers whose time is over, of all organizations of the cluster; until the signal. */
  forgetKept(now: Date, signal: AbortSignal): Promise<void>;
}

/**
 * How far apart from others an organization's documents stand: rows of what all share; a collection or table of its own; a
 * database or file of its own; that on another cluster than the master database's.
 */
export type Level = 'pooled' | 'collection' | 'database' | 'cluster';

/** What there is in a cluster. */
export interface ClusterMeasure {
  readonly organizations: number;
  /**
   * What a bound on collections is compared with, since each costs the cluster the same: tables of organizations, which are
   * all that the files have; or all collections of the databases in use, whoever made them.
   */
  readonly collections: number;
  /** Files or databases that are an organization's own. */
  readonly databases: number;
  /** What the files or databases take, those of the service itself among them where they are the same. */
  readonly bytes: number;
}

/** A database of a cluster. */
export interface Place {
  /** The cluster's name; `main` is where the master database is. */
  readonly cluster: string;
  /** The database's name within the cluster: a file's name without its ending on the embedded engine. */
  readonly database: string;
}

/** Where one organization's documents are, as its record says it. */
export interface TenantPlace extends Place {
  /** The organization's id. Slots, and what is shared, go by it and never by a name. */
  readonly organization: string;
  readonly level: Level;
  /** `org_<name>`. */
  readonly collection_name: string;
  readonly epoch: number;
}

/** A document as it is stored. */
export interface StoredDocument {
  readonly id: string;
  /** 1 when it is inserted and one more after each change; 0 where another program wrote it. */
  readonly version: number;
  /** RFC 3339, UTC, milliseconds; undefined where another program wrote it. */
  readonly created_at: string | undefined;
  readonly updated_at: string | undefined;
  /** A JSON object, compact, without `_id`, `_version`, `_created_at` and `_updated_at`. Its UTF-8 length is what it counts. */
  readonly members: string;
}

/** Which part of a collection to list. */
export interface DocumentRange {
  readonly direction: 'ascending' | 'descending';
  /** Only what comes after the document with this `position`, in the direction. */
  readonly after?: string | undefined;
  /** 1 to 1,000 documents. */
  readonly limit: number;
  /** Bytes of `members` that a page has at most, but for one that is a single document. */
  readonly bytes: number;
}

/** A page of a collection. */
export interface DocumentPage {
  readonly documents: readonly StoredDocument[];
  /** The position of the last document, where others may follow it. */
  readonly next: string | undefined;
}

/** How much is there. Where other programs write beside us it may be less than nothing until the next recount. */
export interface Usage {
  readonly documents: number;
  /** UTF-8 bytes of all `members`. */
  readonly bytes: number;
}

/**
 * One step of a write. `replace` and `remove` expect the document to be the one that was read as `before` (the same object:
 * the engine may know more of it than it shows), so that one that was removed and made again meanwhile is another. The new
 * document's version is one more.
 */
export type DocumentChange =
  | { readonly op: 'insert'; readonly document: StoredDocument }
  | { readonly op: 'replace'; readonly before: StoredDocument; readonly document: StoredDocument }
  | { readonly op: 'remove'; readonly before: StoredDocument };

/** What is to be written to one collection. */
export interface Write {
  readonly collection: string;
  /** Each names another id. At most 1,000. */
  readonly changes: readonly DocumentChange[];
  /** What the organization may have in all; a write that adds to what is over it is refused. */
  readonly quota: Quota;
  /** The answer to keep in the same transaction. */
  readonly keep?: KeptAnswer | undefined;
  /** What the organization's kept answers may come to with this one; on a distributed engine about that. */
  readonly keepWithin?: KeptBound | undefined;
  /** The moment by which an answer that is kept may be over, and gives way; that of the process where it is left out. */
  readonly now?: Date | undefined;
}

/** Bounds of an organization's documents; undefined is none. */
export interface Quota {
  readonly documents?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Bounds of the answers that are kept for an organization. */
export interface KeptBound {
  readonly answers: number;
  /** UTF-8 bytes of all answers. */
  readonly bytes: number;
}

/** What is remembered of a call that may be made again. */
export interface KeptAnswer {
  /** A digest of whose key it is and the key. */
  readonly id: string;
  /** A digest of the request. */
  readonly request: string;
  /** JSON. */
  readonly answer: string;
  /** RFC 3339, UTC, milliseconds. One that is over does not stand in the way of another of its id. */
  readonly expires_at: string;
}

/** What became of a write. Where it is not `done`, nothing was changed. */
export type WriteOutcome =
  | { readonly result: 'done' }
  /** A document has this id. `change` is the place in the array, of the first change that does not hold. */
  | { readonly result: 'exists'; readonly change: number }
  /** The document is gone, or another than what was read. */
  | { readonly result: 'conflict'; readonly change: number }
  /** An answer is kept by the id of `keep`, whose time is not over. Told before whatever else does not hold but the epoch. */
  | { readonly result: 'kept' }
  /** As many answers are kept as `keepWithin` allows, and none of them is over; without an answer the write may be done. */
  | { readonly result: 'unkept' }
  /** The slots have another epoch, or are gone. */
  | { readonly result: 'moved' }
  /** The quota would be passed; `usage` is what the organization has. */
  | { readonly result: 'full'; readonly quota: keyof Quota; readonly usage: Usage };

/** The UTF-8 bytes that a document counts. */
export function bytesOf({ members }: StoredDocument): number {
  return Buffer.byteLength(members);
}
