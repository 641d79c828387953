import { setImmediate } from 'node:timers/promises';
import { takeOverCreation } from './finish-creation.ts';
import { takeOverDeletion } from './finish-deletion.ts';
import { type Organization, type OrganizationStatus, organizations } from './organization.ts';
import type { Tenancy } from './tenancy.ts';

/** Organizations that are read at a time. */
const pageSize = 100;

/** Time from the end of one sweep to the next. */
const everyMilliseconds = 30_000;

/** How long a creation is left to who began it, which has nothing to fear from another but more work at its deletion. */
const graceMilliseconds = 5_000;

const steps = {
  creating: takeOverCreation,
  deleting: takeOverDeletion,
  deleted: takeOverDeletion,
} satisfies Partial<Record<OrganizationStatus, (tenancy: Tenancy, id: string) => Promise<void>>>;

/** With what a sweep is begun. */
export interface SweepOptions {
  /** Ends the sweep after what it is finishing. */
  readonly signal: AbortSignal;
  /** Whether creations that may be under way are left alone: not at a start, when this process has begun none. */
  readonly sparesRecent: boolean;
}

/**
 * Finishes once what is decided and unfinished, whoever began it. One that cannot be finished now does not keep the
 * others from it; the next sweep tries again.
 *
 * @throws {TenantryError} storage_unavailable: the list of what is unfinished cannot be read
 */
export async function sweep(tenancy: Tenancy, { signal, sparesRecent }: SweepOptions): Promise<void> {
  for (const [status, finish] of Object.entries(steps)) {
    for await (const { id, created_at } of unfinished(tenancy, status)) {
      if (signal.aborted) return;
      const age = tenancy.now().getTime() - Date.parse(created_at);
      // One from the future was written under a clock that was wrong.
      const isRecent = age >= 0 && age < graceMilliseconds;
      if (sparesRecent && isRecent && status === 'creating') continue;
      await finish(tenancy, id).catch((error: unknown) => {
        tenancy.log.warn({ err: error, organization: id, status }, 'an unfinished operation could not be finished');
      });
    }
  }
}

/** The organizations of a status, read page by page. */
async function* unfinished({ records }: Tenancy, status: string): AsyncGenerator<Organization> {
  let last: Organization | undefined;
  do {
    const after = last && { after: { key: last.status, id: last.id } };
    const page = await records.list(organizations, 'status', { prefix: status, limit: pageSize, ...after });
    yield* page;
    last = page.at(-1);
    // Where many are reserved, reading them must not hold up the calls of others.
    await setImmediate();
  } while (last !== undefined);
}

/** What is done in the same rounds beside the sweep of organizations. */
export type Round = (tenancy: Tenancy, signal: AbortSignal) => Promise<void>;

/** What is done in a round. */
export interface RoundOptions extends SweepOptions {
  /** Beside the sweep itself, each for itself. */
  readonly rounds: readonly Round[];
  /** Called at its end with how many of its works failed. */
  onRound(failed: number): void;
}

/** Sweeps once, and does what else there is to do; what fails is logged, and keeps nothing else from being done. */
export async function sweepRound(tenancy: Tenancy, { rounds, onRound, ...options }: RoundOptions): Promise<void> {
  const work = [sweep(tenancy, options), ...rounds.map((round) => round(tenancy, options.signal))];
  const failures = (await Promise.allSettled(work)).filter(({ status }) => status === 'rejected');
  for (const { reason } of failures as PromiseRejectedResult[]) {
    tenancy.log.warn({ err: reason }, 'a sweep failed; the next one tries again');
  }
  onRound(failures.length);
}

/** How an instance sweeps. */
export interface SweepingOptions extends Pick<RoundOptions, 'signal' | 'rounds' | 'onRound'> {
  /** Whether others may have begun a creation just now: other instances on the same data, or this one before. */
  readonly isShared: boolean;
}

/**
 * Sweeps now and from time to time until the signal; resolves when the last sweep has ended. Called before this process
 * takes calls, so that the first sweep of one that is alone finds only what others left.
 */
export async function keepSweeping(tenancy: Tenancy, { isShared, ...options }: SweepingOptions): Promise<void> {
  let sparesRecent = isShared;
  while (!options.signal.aborted) {
    await sweepRound(tenancy, { ...options, sparesRecent });
    sparesRecent = true;
    await tenancy.wait(everyMilliseconds, options.signal);
  }
}
