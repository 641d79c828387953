import { type Records, remove } from '../store/records.ts';
import { type Instance, instances } from './instance.ts';

/** Instances that are looked at: more than work on one database. */
const most = 1_000;

/** How an instance was seen: at this version since this moment of our own clock. */
interface Sight {
  readonly version: number;
  readonly since: number;
}

/** Watches the other instances, and removes those that stand still. */
export interface Watch {
  /**
   * Looks at all but this one.
   *
   * @returns those that were removed, because their version stood still for the length of a lease
   * @throws {TenantryError} storage_unavailable: nothing was seen, and what was seen before tells nothing any more, since
   *   the others may have been kept from going on as well
   */
  look(own: string): Promise<readonly Instance[]>;
}

/** With what they are watched. */
export interface WatchParts {
  readonly records: Records;
  /** How long an instance may stand still. */
  readonly leaseMilliseconds: number;
  /** Told of one that stands still before it is removed: what it has open may hold its own record. */
  onStill(instance: Instance): void;
  /** A clock that only goes forward, in milliseconds. No other instance's clock is ever looked at. */
  elapsed(): number;
}

/**
 * Removes those that others have left on data that this process has for itself.
 *
 * @returns which they were
 * @throws {TenantryError} storage_unavailable
 */
export async function removeAll(records: Records): Promise<readonly Instance[]> {
  const left: Instance[] = await records.list(instances, 'started_at', { limit: most });
  for (const instance of left) await isRemoved(records, instance);
  return left;
}

/** A conflict: it went on in this very moment, or another removed it. */
async function isRemoved(records: Records, instance: Instance): Promise<boolean> {
  return (await records.commit([remove(instances, instance)])).result === 'done';
}

/** Makes a watch, which has seen nothing yet. */
export function createWatch({ records, leaseMilliseconds, elapsed, onStill }: WatchParts): Watch {
  let seen = new Map<string, Sight>();

  async function look(own: string): Promise<readonly Instance[]> {
    // From after a read to before another a version surely stood still that is the same in both.
    const begun = elapsed();
    const standing: Instance[] = await records.list(instances, 'started_at', { limit: most });
    const now = elapsed();
    const before = seen;
    seen = new Map();
    const dead: Instance[] = [];
    for (const instance of standing.filter(({ id }) => id !== own)) {
      const { id, version } = instance;
      const sight = before.get(id);
      const same = sight?.version === version ? sight : { version, since: now };
      seen.set(id, same);
      if (begun - same.since < leaseMilliseconds) continue;
      onStill(instance);
      if (await isRemoved(records, instance)) dead.push(instance);
    }
    return dead;
  }

  return {
    async look(own) {
      try {
        return await look(own);
      } catch (error) {
        seen = new Map();
        throw error;
      }
    },
  };
}
