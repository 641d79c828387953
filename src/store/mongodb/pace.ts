/** How much is asked of the server at a time. */
export interface Pace {
  /** Tells of a document that came: of the bytes of its `members`. */
  count(bytes: number): void;
  /** How many documents to ask for next. */
  next(): number;
}

/** About what one answer is to hold at most: it is in memory as a whole. */
const batchBytes = 4 * 1024 * 1024;

/** The first documents, of which nothing is known: a mebibyte each, unless more is set. */
const firstBatch = 4;

/** How often as many as have come may be asked for: those that follow may be larger. */
const growth = 16;

/** What a document takes beside its `members`, about. */
const beside = 200;

/**
 * A pace for so many bytes in all. The server itself bounds what it sends by 16 MiB alone, so that the sizes of the
 * documents that came tell how many more are wanted.
 */
export function createPace(wanted = Number.POSITIVE_INFINITY): Pace {
  let documents = 0;
  let counted = 0;
  return {
    count(bytes) {
      documents += 1;
      counted += bytes;
    },
    next() {
      if (documents === 0) return firstBatch;
      const room = Math.min(batchBytes, Math.max(0, wanted - counted));
      // One more is what the page has no room for, which ends it.
      const fitting = Math.floor(room / (counted / documents + beside)) + 1;
      return Math.min(fitting, documents * growth);
    },
  };
}
