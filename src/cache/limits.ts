/**
 * The port for limits: how often something may happen within a time. Counting is exact for a key as long as the
 * implementation has room for it; past its bound it forgets the least recently used keys.
 */
export interface Limits {
  /** Counts one and tells whether it was still within the limit. What is refused is not counted. */
  take(limit: Limit, key: string): Promise<Standing>;
  /** How the key stands, without counting. */
  look(limit: Limit, key: string): Promise<Standing>;
}

/** At most `most` in each window of `seconds`, which begins with the first one counted. */
export interface Limit {
  /** Names the limit in the `RateLimit` headers, and keeps its keys apart from those of others. */
  readonly name: string;
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
