import { inTime } from './in-time.ts';
import { busy, type InQueue } from './queues.ts';
import { unavailable } from './unavailable.ts';

/** How long a command may take from its first read to its answer; hashing a password comes before and has a bound of its own. */
const commandMilliseconds = 5_000;

/** What an attempt gives whose commit met another version of what it had read. */
export const moved = Symbol('moved');

/** The end of a command that begins to read now, in milliseconds of `performance.now()`. */
export function commandEnd(): number {
  return performance.now() + commandMilliseconds;
}

/**
 * What the work gives, where the storage lets it come to its end in time. Work that is given up goes on by itself.
 *
 * @param end a command's `commandEnd`
 * @throws {TenantryError} storage_unavailable, at the end: what was being committed may have happened, or happen yet
 */
export function byEnd<T>(work: Promise<T>, end: number): Promise<T> {
  return inTime(work, end, () => unavailable(new Error('the storage did not answer before the end of the command')));
}

/**
 * Runs a command: `attempt` reads, decides and commits; where its commit was a conflict it gives `moved` and is run
 * again, from its reads on, until the time limit.
 *
 * @param attempt is given the command's end, for its commit: past it nothing is decided any more
 * @param end the command's `commandEnd`
 * @param inQueue where it waits for commands of others that would be in its way: of many that read and commit the same at
 *   once one gets through, and the others would all begin anew, again and again
 * @throws {TenantryError} busy, where others changed the same records all that time; storage_unavailable, where the
 *   storage did not answer in it
 */
export async function decide<T>(
  attempt: (end: number) => Promise<T | typeof moved>,
  end = commandEnd(),
  inQueue: InQueue = (work) => work(),
): Promise<T> {
  const attempts = async () => {
    do {
      const result = await attempt(end);
      if (result !== moved) return result;
    } while (performance.now() < end);
    throw busy();
  };
  return await byEnd(inQueue(attempts, end), end);
}
