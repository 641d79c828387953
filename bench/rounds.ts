import type { LoadClient, LoadOrder } from './load-client.ts';
import { cpuSeconds } from './pinned.ts';
import type { Serving } from './service.ts';

/** What one side did in one round. */
export interface Measurement {
  /** Answers a second. */
  readonly perSecond: number;
  /** Time on a core for each answer, of all threads of the process. */
  readonly cpuMicroseconds: number;
  /** How much of its core the load took. */
  readonly loadShare: number;
  /** From when a request was sent, or was due, to its answer: the 99th percentile. */
  readonly p99Milliseconds: number;
}

/** A side of a comparison. */
export type Measure = (seconds: number) => Promise<Measurement>;

/** The service and what it is compared with, measured one after the other. */
export interface Round {
  readonly service: Measurement;
  readonly bare: Measurement;
}

/**
 * Measures both sides in turn, so that what else the machine does falls on both; first once each for nothing, so that
 * they are compiled and warm.
 */
export async function measureInTurn(
  { rounds, seconds, warmSeconds = seconds / 2 }: { rounds: number; seconds: number; warmSeconds?: number },
  { service, bare }: { service: Measure; bare: Measure },
): Promise<Round[]> {
  await service(warmSeconds);
  await bare(warmSeconds);
  const done: Round[] = [];
  while (done.length < rounds) done.push({ service: await service(seconds), bare: await bare(seconds) });
  return done;
}

/** What a server is sent, apart from its address. The first stream is the one that is measured. */
export type Load = Pick<LoadOrder, 'streams'> & { readonly status: number };

/** A side that is a server under load. */
export function underLoad(load: LoadClient, serving: Serving, { streams, status }: Load): Measure {
  return async (seconds) => {
    const before = cpuSeconds(serving.processId);
    const { host, port } = serving;
    const report = await load.send({ host, port, streams, seconds }, status);
    const used = cpuSeconds(serving.processId) - before;
    const [measured] = report.streams;
    if (measured === undefined) throw new Error('a load has a stream');
    return {
      perSecond: measured.perSecond,
      cpuMicroseconds: (used / measured.answers) * 1_000_000,
      loadShare: report.share,
      p99Milliseconds: measured.milliseconds.p99,
    };
  };
}

/** The middle one, and how far the others lie from it. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The spread of some numbers. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((one, other) => one - other);
  const at = (place: number) => sorted[place] ?? Number.NaN;
  const half = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(half)) + at(Math.ceil(half))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}
