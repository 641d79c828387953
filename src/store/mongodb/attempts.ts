import { setTimeout } from 'node:timers/promises';
import { inTime } from '../in-time.ts';
import { isPassing, tellable, UnansweredError } from './faults.ts';

/** Milliseconds for one call of a port, over all its attempts. */
const callMilliseconds = 5_000;

/** Between two attempts: about as long as a short transaction of another takes, differing so that two do not meet again. */
const pauseMilliseconds = { least: 5, most: 50 } as const;

/** The end of a call that begins now, in milliseconds of `performance.now()`. */
export function callEnd(): number {
  return performance.now() + callMilliseconds;
}

/** Waits a little before the next attempt. @returns false, at once, where the end comes first */
export async function pauseBefore(end: number): Promise<boolean> {
  const { least, most } = pauseMilliseconds;
  const milliseconds = least + Math.random() * (most - least);
  if (performance.now() + milliseconds >= end) return false;
  await setTimeout(milliseconds);
  return true;
}

/**
 * What the work gives, where it gives it before the end. Work that is given up goes on until the driver's own time limits
 * end it.
 *
 * @throws {UnansweredError} at the end
 */
export function untilEnd<T>(work: () => Promise<T>, end: number): Promise<T> {
  return inTime(work(), end, () => new UnansweredError());
}

/**
 * Does what may be done again, until it is answered.
 *
 * @throws {TenantryError} storage_unavailable: it failed in a way that does not pass, or until the end
 */
export async function persistently<T>(work: () => Promise<T>, end = callEnd()): Promise<T> {
  for (;;) {
    try {
      return await untilEnd(work, end);
    } catch (error) {
      if (!isPassing(error) || !(await pauseBefore(end))) throw tellable(error);
    }
  }
}
