import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bench, explained, type Findings, type Line, shown } from '../part.ts';
import { residentMegabytes } from '../pinned.ts';
import { type Spread, spreadOf } from '../rounds.ts';
import { startService } from '../service.ts';

/** A start, up to the first answer. */
export interface Start {
  readonly seconds: number;
  /** Of memory, when the first answer was there. */
  readonly megabytes: number;
}

const limits = {
  first: { seconds: 1.5, megabytes: 150 },
  later: { seconds: 1, megabytes: 120 },
} as const;

/** Where the launcher keeps compiled code; it makes it anew. */
const compiledCode = fileURLToPath(new URL('../../node_modules/.cache/tenantry', import.meta.url));

/** How long a start takes, and how much memory: the first of all, without data and compiled code, and later ones. */
export async function measureStart({ scratch, extent }: Bench): Promise<Findings> {
  const first: Start[] = [];
  const later: Start[] = [];
  for (let round = 0; round < extent.rounds; round += 1) {
    const empty = join(scratch, `start-${round}`);
    mkdirSync(empty);
    rmSync(compiledCode, { recursive: true, force: true });
    first.push(await startOnce({ directory: empty }));
    later.push(await startOnce({ directory: empty }));
  }
  return {
    lines: [
      ...linesOf({ what: 'first start of all', limit: limits.first, remark: 'no data, no compiled code' }, first),
      ...linesOf({ what: 'later start', limit: limits.later, remark: '' }, later),
    ],
    numbers: [
      {
        title: 'Start',
        head: ['first of all: s', 'first of all: MB', 'later: s', 'later: MB'],
        rows: first.map((one, round) => [...shownStart(one), ...shownStart(later[round] ?? one)]),
      },
    ],
  };
}

/** Starts the service, waits for the first answer, and stops it. */
export async function startOnce(options: Parameters<typeof startService>[0]): Promise<Start> {
  const begun = performance.now();
  const service = await startService(options);
  const answer = await fetch(`http://${service.host}:${service.port}/health/ready`);
  const seconds = (performance.now() - begun) / 1_000;
  const megabytes = residentMegabytes(service.processId);
  if (answer.status !== 200) throw new Error(`the service is not ready: ${answer.status}`);
  await service.stop();
  return { seconds, megabytes };
}

interface About {
  readonly what: string;
  readonly limit: Start;
  readonly remark: string;
}

/** Where time and memory go in any case. */
const shortfall = {
  seconds: 'Node itself takes 50 ms, its packages 300 ms, one core does it all',
  megabytes:
    'Node itself takes 45 MB, each thread 18 MB, taking the types out of the sources 17 MB in each thread that does it',
};

function linesOf({ what, limit, remark }: About, starts: readonly Start[]): Line[] {
  const seconds = spreadOf(starts.map((start) => start.seconds));
  const megabytes = spreadOf(starts.map((start) => start.megabytes));
  const isQuick = seconds.median < limit.seconds;
  const isSmall = megabytes.median < limit.megabytes;
  return [
    {
      what: `${what}: time to the first answer`,
      limit: `under ${limit.seconds.toFixed(1)} s`,
      measured: `${shownIn(seconds)} s`,
      met: isQuick,
      remark: explained(remark, isQuick, shortfall.seconds),
    },
    {
      what: `${what}: memory then`,
      limit: `under ${limit.megabytes} MB`,
      measured: `${shownIn(megabytes)} MB`,
      met: isSmall,
      remark: explained(remark, isSmall, shortfall.megabytes),
    },
  ];
}

function shownIn({ median, least, most }: Spread): string {
  return `${shown(median)} (${shown(least)} to ${shown(most)})`;
}

function shownStart({ seconds, megabytes }: Start): string[] {
  return [seconds.toFixed(2), megabytes.toFixed(0)];
}
