import type { Mongodb } from '../mongodb.ts';
import type { Bench, Findings, Part } from '../part.ts';

/**
 * The server bounds the rate, so that it takes longer than elsewhere until some ten thousand requests have been served and
 * all code is compiled: of a service, which has more of it, that would be measured too.
 */
export const warmSeconds = 15;

/** Rounds where almost all is the hash, of which one is like the other. */
export const roundsOfHashes = 3;

/** A part that needs the server; it tells that it was left out where there is none. */
export function onMongodb(what: string, part: (bench: Bench, mongodb: Mongodb) => Promise<Findings>): Part {
  return async (bench) => {
    if (bench.mongodb !== undefined) return await part(bench, bench.mongodb);
    const line = {
      what: `${what} on MongoDB`,
      limit: 'not measured',
      measured: 'left out',
      remark: 'TEST_MONGODB_URL names no server',
    };
    return { lines: [line], numbers: [] };
  };
}
