import { TenantryError } from '../errors.ts';

/** How long a command may take from its first read to its answer; hashing a password comes before and has a bound of its own. */
const commandMilliseconds = 5_000;

/** What an attempt gives whose commit met another version of what it had read. */
export const moved = Symbol('moved');

/** The end of a command that begins to read now, in milliseconds of `performance.now()`. */
export function commandEnd(): number {
  return performance.now() + commandMilliseconds;
}

/**
 * Runs a command: `attempt` reads, decides and commits; where its commit was a conflict it gives `moved` and is run
 * again, from its reads on, until the time limit.
 *
 * @param end the command's `commandEnd`
 * @throws {TenantryError} busy, where others changed the same records all that time
 */
export async function decide<T>(attempt: () => Promise<T | typeof moved>, end = commandEnd()): Promise<T> {
  do {
    const result = await attempt();
    if (result !== moved) return result;
  } while (performance.now() < end);
  throw new TenantryError('busy', 'Others are changing the same organization; try again later', {
    retryAfterSeconds: 1,
  });
}
