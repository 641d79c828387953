import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { reads } from '../ground.ts';
import { type Bench, compareRates, type Findings, shown, shownSpread } from '../part.ts';
import { cores, end, nextMessage, startPinned } from '../pinned.ts';
import { type Measure, type Measurement, measureInTurn, type Round, spreadOf, underLoad } from '../rounds.ts';
import { limitsOutOfReach, startService } from '../service.ts';
import { startReaders } from './read.ts';

/** bcrypt's, by default. */
const defaultCost = 12;

/** So many log-ins at once keep the hashing of one core at work, and wait less than what the service refuses. */
export const signInConnections = 4;

/** What log-ins must keep, on every engine. */
export const signInLimit = {
  least: 0.95,
  shortfall:
    'One core does everything: what a log-in takes beside its hash (its request, its token, its line in the log) is taken from the hash.',
};

/** `POST /admin/login` alone, against hashes that nobody waits for, one at a time on the same core. */
export async function measureSignIn({ load, ground, extent, scratch }: Bench): Promise<Findings> {
  const { directory, signIns } = await ground();
  const service = await startService({ directory, settings: limitsOutOfReach });
  const hashing = startPinned(fileURLToPath(new URL('../bare/hashes.ts', import.meta.url)), {
    core: cores.server,
    directory: scratch,
  });
  const streams = [{ requests: signIns, connections: signInConnections }];
  const rounds = await measureInTurn(
    { ...extent, seconds: extent.secondsOfHashes },
    { service: underLoad(load, service, { streams, status: 200 }), bare: rawHashes(hashing) },
  );
  await Promise.all([service.stop(), end(hashing, 'SIGKILL')]);
  const what = `POST /admin/login at cost ${defaultCost}`;
  return compareRates({ what, against: 'the raw rate of the hash', limit: signInLimit }, rounds);
}

function rawHashes(hashing: ChildProcess): Measure {
  return async (seconds) => {
    hashing.send({ cost: defaultCost, seconds });
    const { perSecond, cpuMicroseconds } = (await nextMessage(hashing)) as Measurement;
    return { perSecond, cpuMicroseconds, loadShare: 0, p99Milliseconds: Number.NaN };
  };
}

/** Reads a second beside the log-ins: far from what a core can do, so that the wait is measured and not a queue. */
const readsPerSecond = 1_000;
const mostOfBare = 1.5;

/** How long `GET /org/get` takes beside a flood of log-ins, against a bare process with the same flood. */
export async function measureBesideSignIns({ load, ground: prepare, extent }: Bench): Promise<Findings> {
  const ground = await prepare();
  const { service, bare } = await startReaders(ground);
  const streams = [
    { requests: reads(ground), connections: 64, perSecond: readsPerSecond },
    { requests: ground.signIns, connections: signInConnections },
  ];
  const rounds = await measureInTurn(
    // The slowest answers vary most: shorter rounds, and more of them.
    { rounds: 2 * extent.rounds - 1, seconds: extent.secondsOfHashes / 2 },
    {
      service: underLoad(load, service, { streams, status: 200 }),
      bare: underLoad(load, bare, { streams, status: 200 }),
    },
  );
  await Promise.all([service.stop(), bare.stop()]);
  return compareWaits(rounds);
}

function compareWaits(rounds: readonly Round[]): Findings {
  const p99 = rounds.map(({ service, bare }) => [service.p99Milliseconds, bare.p99Milliseconds] as const);
  const ratios = spreadOf(p99.map(([service, bare]) => service / bare));
  const [service, bare] = [0, 1].map((side) => shown(spreadOf(p99.map((pair) => pair[side] ?? Number.NaN)).median));
  const what = `p99 of GET /org/get, ${readsPerSecond}/s, beside a flood of log-ins`;
  return {
    lines: [
      {
        what,
        limit: `at most ${mostOfBare} of a bare process that runs the same hashes`,
        measured: shownSpread(ratios),
        met: ratios.median <= mostOfBare,
        remark: `${service} ms against ${bare} ms, from when a request was due`,
      },
    ],
    numbers: [
      {
        title: what,
        head: ['service p99 ms', 'bare p99 ms', 'ratio'],
        rows: p99.map(([one, other]) => [one.toFixed(2), other.toFixed(2), (one / other).toFixed(2)]),
      },
    ],
  };
}
