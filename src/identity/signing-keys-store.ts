import type { KeySet } from './signing-keys-set.ts';

/** Where the keys are kept. A set that was put there is there after a crash. */
export interface KeyStore {
  /** What to call the place in an error: the file's path. */
  readonly where: string;
  /** Whether other processes may read and write the same set meanwhile. */
  readonly shared: boolean;
  /**
   * The set as it stands now, undefined where there is none. A shared store gives the same object as before where
   * nothing was written since.
   *
   * @throws {TenantryError} storage_unavailable
   * @throws {StartError} the keys are encrypted with another secret
   */
  read(): Promise<KeptSet | undefined>;
  /**
   * Puts a set in the place of the one that was read, all or nothing; where none was there, `former` is undefined.
   *
   * @returns the set as it now stands, or undefined where another one stands there, which nothing was done to
   * @throws {TenantryError} storage_unavailable; where the store is shared, it may have been done
   */
  replace(set: KeySet, former: KeptSet | undefined): Promise<KeptSet | undefined>;
}

/** A set as it stands in its place. */
export interface KeptSet {
  readonly set: KeySet;
  /** One more for each set that took the place of another. */
  readonly version: number;
}
