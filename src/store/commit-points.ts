/**
 * The places within a commit of several records where a test stops the process: before anything was sent, when all is
 * written and undecided, and when it is decided and nobody was told. Of an engine whose commit is one step there are none.
 */
export const commitPoints = ['commit.begun', 'commit.written', 'commit.decided'] as const;

/** One of them. */
export type CommitPoint = (typeof commitPoints)[number];
