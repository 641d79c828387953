/** How long work holds the event loop until others have their turn: about what a short call takes. */
const sliceMilliseconds = 0.5;

/**
 * The turns of long work on the event loop, which is one for all: in a turn of the loop one slice is done, and after an
 * organization's slice comes that of the next one that waits. Short calls, which take none, come in between.
 */
export interface Slices {
  /** Resolves when the next slice is the organization's; its slices are in the order in which they were asked for. */
  next(organization: string): Promise<void>;
}

/** Makes the slices of an event loop. */
export function createSlices(): Slices {
  /** Who waits, of each organization; the organizations in the order of their turns. */
  const waiting = new Map<string, (() => void)[]>();
  let scheduled = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(begin);
  }

  function begin(): void {
    scheduled = false;
    const [first] = waiting;
    if (first === undefined) return;
    const [organization, [next, ...others]] = first;
    waiting.delete(organization);
    if (others.length > 0) waiting.set(organization, others);
    if (waiting.size > 0) schedule();
    next?.();
  }

  return {
    next: (organization) =>
      new Promise((resolve) => {
        const own = waiting.get(organization);
        if (own === undefined) waiting.set(organization, [resolve]);
        else own.push(resolve);
        schedule();
      }),
  };
}

/** Of the event loop of this process. */
const slices = createSlices();

/** What a piece of long work asks in its loops: `if (pace.isOver()) await pace.next()`. */
export interface Pace {
  /** Whether its slice has taken its time. */
  isOver(): boolean;
  /** Gives the event loop away, until the next slice is its. */
  next(): Promise<void>;
}

/** The pace of work for an organization that begins now. */
export function paceFor(organization: string): Pace {
  let begun = performance.now();
  return {
    isOver: () => performance.now() - begun > sliceMilliseconds,
    async next() {
      await slices.next(organization);
      begun = performance.now();
    },
  };
}

/** Of each, what is made of it; others come in between. */
export async function inSlices<T, U>(all: readonly T[], pace: Pace, make: (one: T, number: number) => U): Promise<U[]> {
  const made: U[] = [];
  for (const [number, one] of all.entries()) {
    made.push(make(one, number));
    if (pace.isOver()) await pace.next();
  }
  return made;
}
