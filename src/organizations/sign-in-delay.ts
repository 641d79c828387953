import type { Tenancy } from './tenancy.ts';

const delayMilliseconds = 1_000;

/** A bound on what a flood from many addresses can make this process hold: past it the queue of hashes is the brake. */
const mostDelayed = 1_000;

/** Makes what holds a log-in back for a second, up to a thousand at once; the one after them is not held back. */
export function createSignInDelay(wait: Tenancy['wait']): Tenancy['delaySignIn'] {
  let delayed = 0;
  return async () => {
    if (delayed >= mostDelayed) return;
    delayed += 1;
    try {
      await wait(delayMilliseconds);
    } finally {
      delayed -= 1;
    }
  };
}
