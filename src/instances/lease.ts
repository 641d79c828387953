import { defineKind, type Stored } from '../store/records.ts';

/** Work that one instance at a time does for all. */
export type Work = 'rounds' | 'relay';

/**
 * Whose some work is. Its version goes up whenever it changes hands and at no other time, so that a commit that checks it
 * holds only as long as its owner has it. Never removed: a new one would begin with a version that a former owner knew.
 */
export interface Lease extends Stored {
  readonly id: Work;
  /** The id of an instance; null where it was given back. One that is not registered any more has it no longer. */
  readonly owner: string | null;
}

/** The kind of record that leases are. */
export const leases = defineKind<Lease>()('leases', {});
