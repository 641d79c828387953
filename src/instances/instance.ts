import { defineKind, type Stored } from '../store/records.ts';

/**
 * A process that works on the data now. Its version goes up as long as it lives; one that stands still is removed by
 * another, which ends all that the process had a lease on.
 */
export interface Instance extends Stored {
  /** A UUID of this registration: who was taken for dead and lives registers again, under another. */
  readonly id: string;
  /** RFC 3339, by its own clock. For people, and for the order in which they are listed. */
  readonly started_at: string;
  /** The machine's name and the process's id, for people. */
  readonly host: string;
  readonly process: number;
  /** Where it may have transactions open, which others end once it is dead. */
  readonly sessions: readonly string[];
}

/** The kind of record that instances are. */
export const instances = defineKind<Instance>()('instances', { started_at: 'many' });

/** How long an instance may stand still before others take it for dead. */
export const leaseMilliseconds = 8_000;

/** How often an instance shows that it lives, looks whether the others do, and whether work is free. */
export const beatMilliseconds = 1_000;
