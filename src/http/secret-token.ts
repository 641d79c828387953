import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a caller has a token that a setting names. How long the answer takes tells nothing: digests are of one length,
 * and are compared in the same time however much of them is equal.
 */
export function secretToken(right: string): (given: string | undefined) => boolean {
  const expected = digest(right);
  return (given) => timingSafeEqual(digest(given ?? ''), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
