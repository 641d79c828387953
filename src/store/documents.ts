/**
 * The port for documents: the tenants' data, each organization's in a place of its own.
 *
 * What a caller may rely on, whatever the engine: `makeCollection` and `dropCollection` may be called again and at once
 * and end in the same state; when they return, their effect is durable. A drop touches the named collection alone.
 */
export interface Documents {
  /** Chooses where a new organization's documents go, and keeps room there until the collection is made or given up. */
  assignPlace(): Promise<Place>;

  /** Gives up the room that `assignPlace` kept, where the organization was not created after all. */
  releasePlace(place: Place): void;

  /** Whether a collection of this name stands in the place, whoever made it. */
  hasCollection(place: Place, collection: string): Promise<boolean>;

  /** Makes the collection, where it does not stand yet. @throws {TenantryError} storage_unavailable */
  makeCollection(place: Place, collection: string): Promise<void>;

  /** Drops the collection with all its documents and verifies that it is gone. @throws {TenantryError} storage_unavailable */
  dropCollection(place: Place, collection: string): Promise<void>;
}

/** A database of a cluster. */
export interface Place {
  /** The cluster's name; `main` is where the master database is. */
  readonly cluster: string;
  /** The database's name within the cluster: a file's name without its ending on the embedded engine. */
  readonly database: string;
}
