import { join } from 'node:path';
import { prepareDocuments } from '../documents-ground.ts';
import { type LoadReport, request, type Stream, startLoad } from '../load-client.ts';
import { type Bench, explained, type Findings, shown, shownSpread } from '../part.ts';
import { spreadOf } from '../rounds.ts';
import { startService } from '../service.ts';
import { documentInserts, documentReads } from './document-sides.ts';

/** Connections that give the peak, and those of the overload: each sends the next request at once, also after a 503. */
const peakConnections = 256;
const overloadConnections = 2_560;

const leastShare = 0.7;
const mostMilliseconds = 1_000;
const overloaded = 503;

interface Sort {
  readonly what: string;
  readonly requestsOf: typeof documentReads;
  readonly status: number;
}

const sorts: readonly Sort[] = [
  { what: 'GET a document by its id', requestsOf: documentReads, status: 200 },
  { what: 'POST a document of 1 KB', requestsOf: documentInserts, status: 201 },
];

interface Round {
  readonly peak: number;
  readonly done: number;
  readonly p99: number;
  /** Refused a second. */
  readonly refused: number;
  readonly healthP99: number;
  readonly loadShare: number;
}

/** What is done, and how fast, where ten times the connections that give the peak never pause. */
export async function measureOverload({ load, extent, scratch }: Bench): Promise<Findings> {
  const directory = join(scratch, 'overload');
  const ground = await prepareDocuments({ directory, load, organizations: 100, documents: 20 });
  const service = await startService({ directory, settings: ground.settings });
  // A process of its own: its answers would wait behind the others in one.
  const quiet = startLoad(scratch);
  const health: Stream = { requests: [request('GET', '/health/live')], connections: 1 };
  const found: Findings[] = [];
  for (const sort of sorts) {
    const requests = sort.requestsOf(ground);
    const send = (connections: number, seconds: number) =>
      load.send(
        { ...service, streams: [{ requests, connections, isSettled: true }], seconds },
        sort.status,
        overloaded,
      );
    const measureRound = async (seconds: number): Promise<Round> => {
      const peak = await send(peakConnections, seconds);
      const flooding = send(overloadConnections, seconds + 0.5);
      const asked = await quiet.send({ ...service, streams: [health], seconds }, 200);
      return roundOf({ peak, over: await flooding, asked, seconds });
    };
    await measureRound(extent.seconds / 2);
    const rounds: Round[] = [];
    while (rounds.length < extent.rounds) rounds.push(await measureRound(extent.seconds));
    found.push(findingsOf(sort, rounds));
  }
  await Promise.all([service.stop(), quiet.close()]);
  return { lines: found.flatMap(({ lines }) => lines), numbers: found.flatMap(({ numbers }) => numbers) };
}

interface Reports {
  readonly peak: LoadReport;
  readonly over: LoadReport;
  readonly asked: LoadReport;
  readonly seconds: number;
}

function roundOf({ peak, over, asked, seconds }: Reports): Round {
  const [[best], [flooded], [health]] = [peak.streams, over.streams, asked.streams];
  if (best === undefined || flooded === undefined || health === undefined) throw new Error('a load has a stream');
  return {
    peak: best.perSecond,
    done: flooded.perSecond,
    p99: flooded.milliseconds.p99,
    refused: (flooded.statuses[overloaded] ?? 0) / seconds,
    healthP99: health.milliseconds.p99,
    loadShare: over.share,
  };
}

function findingsOf({ what }: Sort, rounds: readonly Round[]): Findings {
  const under = `${what}, ${overloadConnections.toLocaleString('en')} connections without a pause`;
  const median = (pick: (round: Round) => number) => spreadOf(rounds.map(pick)).median;
  const shares = spreadOf(rounds.map(({ done, peak }) => done / peak));
  const waits = spreadOf(rounds.map(({ p99 }) => p99));
  const healths = spreadOf(rounds.map(({ healthP99 }) => healthP99));
  const rates = `${shown(median(({ done }) => done))}/s against ${shown(median(({ peak }) => peak))}/s with ${peakConnections}; ${shown(median(({ refused }) => refused))}/s were refused`;
  const isDone = shares.median >= leastShare;
  const isInTime = waits.median < mostMilliseconds;
  return {
    lines: [
      {
        what: `Work done: ${under}`,
        limit: `at least ${leastShare} of the peak`,
        measured: shownSpread(shares),
        met: isDone,
        remark: explained(rates, isDone, 'Reading and refusing the others takes the rest'),
      },
      {
        what: `p99 of what is accepted: ${under}`,
        limit: `under ${mostMilliseconds.toLocaleString('en')} ms`,
        measured: `${shownSpread(waits)} ms`,
        met: isInTime,
        remark: explained('', isInTime, 'It is the bound on requests in work, divided by the rate'),
      },
      {
        what: `p99 of GET /health/live beside: ${under}`,
        measured: `${shownSpread(healths)} ms`,
        remark: 'It waits for the turn of the event loop that is under way',
      },
    ],
    numbers: [
      {
        title: `Overload: ${under}`,
        head: ['peak /s', 'done /s', 'share', 'p99 ms', 'refused /s', 'health p99 ms', "load's share of its core"],
        rows: rounds.map(({ peak, done, p99, refused, healthP99, loadShare }) => [
          shown(peak),
          shown(done),
          (done / peak).toFixed(2),
          shown(p99),
          shown(refused),
          shown(healthP99),
          loadShare.toFixed(2),
        ]),
      },
    ],
  };
}
