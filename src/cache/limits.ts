/**
 * The port for limits: how often something may happen within a time. Counting is exact for a key as long as the
 * implementation has room for it; past its bound it forgets the least recently used keys.
 */
export interface Limits {
  /** Counts one and tells whether it was still within the limit. What is refused is not counted. */
  take(limit: Limit, key: string): Promise<Standing>;
  /** How the key stands, without counting. */
  look(limit: Limit, key: string): Promise<Standing>;
  /**
   * Counts one against each limit where it is within all of them, and against none where it is past one: in one step, also
   * where others count at the same moment.
   *
   * @param claims another limit each
   * @returns how each stands, in the order of the claims; at once where nobody is asked
   */
  takeAll(claims: readonly Claim[]): readonly Standing[] | Promise<readonly Standing[]>;
  /** Which of the claims is known to be past its limit, without asking anybody. Where none is, `takeAll` may refuse all the same. */
  refusal(claims: readonly Claim[]): Stance | undefined;
}

/** What is counted against which limit. */
export interface Claim {
  readonly limit: Limit;
  readonly key: string;
}

/** A limit, and how somebody stands against it. */
export interface Stance {
  readonly limit: Limit;
  readonly standing: Standing;
}

/** At most `most` in each window of `seconds`, which begins with the first one counted. */
export interface Limit {
  /** Names the limit in the `RateLimit` headers, and keeps its keys apart from those of others. */
  readonly name: string;
  /** Another one than before counts for the window that is open, too. */
  readonly most: number;
  readonly seconds: number;
}

/** How a key stands against a limit. */
export interface Standing {
  /** take: it was within the limit. look: one more would be. */
  readonly allowed: boolean;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}
