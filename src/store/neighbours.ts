/** How long others are reckoned with after they were seen, in milliseconds. */
const sharedMilliseconds = 1_000;

/** Whether an organization is alone. One that is takes what there is; beside others each takes little at a time. */
export interface Neighbours {
  /**
   * Notes that an organization does something.
   *
   * @param now in milliseconds of `performance.now()`
   * @returns whether another did within the last second
   */
  see(organization: string, now: number): boolean;
}

/** Nobody was seen yet. */
export function createNeighbours(): Neighbours {
  let last = { organization: '', seen: Number.NEGATIVE_INFINITY };
  /** Of those that are not the last one, when one was seen. */
  let otherSeen = Number.NEGATIVE_INFINITY;
  return {
    see(organization, now) {
      if (organization === last.organization) last.seen = now;
      else {
        otherSeen = last.seen;
        last = { organization, seen: now };
      }
      return now - otherSeen < sharedMilliseconds;
    },
  };
}
