/** The seed and the number of runs of a property: `TEST_SEED` repeats a failure, `TEST_RUNS` takes longer. */
export function runsFromEnvironment(numRuns: number): { numRuns: number; seed?: number } {
  const { TEST_SEED: seed, TEST_RUNS: runs } = process.env;
  return { numRuns: Number(runs ?? numRuns), ...(seed === undefined ? {} : { seed: Number(seed) }) };
}
