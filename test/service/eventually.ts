import { setTimeout } from 'node:timers/promises';

/**
 * Longer than a sweep, a machine under load, and the minute for which a mongod keeps the transaction of a process that
 * died (`transactionLifetimeLimitSeconds`).
 */
const patienceMilliseconds = 90_000;

const pauseMilliseconds = 50;

/**
 * Tries until it holds: for what another process does by itself, and tells nobody.
 *
 * @param holds rejects as long as it does not
 * @throws what it rejected with last, where it never held
 */
export async function eventually<T>(holds: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMilliseconds;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await setTimeout(pauseMilliseconds);
  }
}
