import { commandEnd } from '../store/decide.ts';
import { createQueues } from '../store/queues.ts';
import { check, insert, type Records, replace } from '../store/records.ts';
import { instances } from './instance.ts';
import { type Lease, leases, type Work } from './lease.ts';

/** What was being done is another's: nothing of the step was changed. */
export class LeaseLostError extends Error {
  constructor(work: Work) {
    super(`the lease on ${work} is another instance's`);
    this.name = 'LeaseLostError';
  }
}

/** A lease that this instance has, as work under it sees it. */
export interface Held {
  /**
   * Those of the work: each commit checks the lease, so that it changes nothing once the lease is another's.
   *
   * `commit` @throws {LeaseLostError} it is another's
   */
  readonly records: Records;
  /** Aborted when the lease is lost, or when the work is to end. */
  readonly signal: AbortSignal;
}

/**
 * Takes the lease on some work where nobody has it: nobody ever had it, it was given back, or its owner is registered no
 * more.
 *
 * @param owner the id of the instance that takes it
 * @returns the lease as it stands then; undefined where another has it
 * @throws {TenantryError} storage_unavailable
 */
export async function takeLease(records: Records, work: Work, owner: string): Promise<Lease | undefined> {
  const standing = await records.get(leases, work);
  if (standing === undefined) {
    const first: Lease = { id: work, version: 1, owner };
    return (await records.commit([insert(leases, first)])).result === 'done' ? first : undefined;
  }
  // Read after the lease: an owner is registered before it takes one, and never again under the same id.
  const isFree = standing.owner === null || (await records.get(instances, standing.owner)) === undefined;
  // Our own: the answer to the commit that took it was lost.
  if (!isFree && standing.owner !== owner) return undefined;
  const taken: Lease = { ...standing, owner };
  const { result } = await records.commit([replace(leases, taken)]);
  return result === 'done' ? { ...taken, version: taken.version + 1 } : undefined;
}

/** The end of a commit that a stop waits for: what it would do comes about by itself, some seconds later. */
export function shortEnd(): number {
  return performance.now() + 2_000;
}

/** Gives a lease back, so that the next one takes it at once. @throws {TenantryError} storage_unavailable */
export async function giveBack(records: Records, lease: Lease): Promise<void> {
  // A conflict: it is another's by now.
  await records.commit([replace(leases, { ...lease, owner: null })], shortEnd());
}

/**
 * The same records for work under a lease.
 *
 * @param lose called where the lease turns out to be another's
 */
export function underLease(records: Records, lease: Lease, lose: () => void): Records {
  // One after the other: on a shared database each of them writes the lease, and two at once are in each other's way.
  const inTurn = createQueues()(lease.id);
  return {
    ...records,
    commit: (changes, end = commandEnd()) =>
      inTurn(async () => {
        // Last: where a process dies over it, a server may keep for a while what was written by then.
        const outcome = await records.commit([...changes, check(leases, lease)], end);
        if (outcome.result !== 'conflict' || outcome.kind !== leases.name) return outcome;
        lose();
        throw new LeaseLostError(lease.id);
      }, end),
  };
}
