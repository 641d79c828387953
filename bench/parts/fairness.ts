import type { DocumentsGround } from '../documents-ground.ts';
import { type LoadClient, startLoad } from '../load-client.ts';
import { type Bench, explained, type Findings, shown, shownSpread } from '../part.ts';
import { type Measure, measureInTurn, type Round, spreadOf, underLoad } from '../rounds.ts';
import { type Serving, startService } from '../service.ts';
import { documentInserts, documentReads } from './document-sides.ts';

/** Of the organization that floods. */
const floodConnections = 64;
/** Of the organization that is measured. */
const quietConnections = 2;
const most = 2;

/** What is told to whoever asks for too much. */
const tooMany = 429;

const sorts = [
  { what: 'GET a document by its id', requestsOf: documentReads, status: 200 },
  { what: 'POST a document of 1 KB', requestsOf: documentInserts, status: 201 },
] as const;

type Sort = (typeof sorts)[number];

/** How long an organization's requests take beside another one that floods, against alone. */
export async function measureFairness({ load, extent, documents, scratch }: Bench): Promise<Findings> {
  const ground = await documents();
  const { directory, settings } = ground;
  const service = await startService({ directory, settings });
  // A process of its own: its answers would wait behind the flood's in one.
  const quiet = startLoad(scratch);
  const found: Findings[] = [];
  for (const sort of sorts) {
    const alone = asking(quiet, { service, ground, sort });
    const rounds = await measureInTurn(
      // The slowest answers vary most: more rounds.
      { rounds: 2 * extent.rounds - 1, seconds: extent.seconds },
      { service: beside(load, alone, { service, ground, sort }), bare: alone },
    );
    found.push(compareWaits(sort.what, rounds));
  }
  await Promise.all([service.stop(), quiet.close()]);
  return { lines: found.flatMap(({ lines }) => lines), numbers: found.flatMap(({ numbers }) => numbers) };
}

interface Asking {
  readonly service: Serving;
  readonly ground: DocumentsGround;
  readonly sort: Sort;
}

function asking(quiet: LoadClient, { service, ground, sort: { requestsOf, status } }: Asking): Measure {
  const requests = requestsOf({ tenants: ground.tenants.slice(1, 2) });
  return underLoad(quiet, service, { streams: [{ requests, connections: quietConnections }], status });
}

/** The flood begins before what is measured, and ends after it. */
function beside(load: LoadClient, alone: Measure, { service, ground, sort: { requestsOf, status } }: Asking): Measure {
  const streams = [{ requests: requestsOf({ tenants: ground.tenants.slice(0, 1) }), connections: floodConnections }];
  return async (seconds) => {
    const flood = load.send({ ...service, streams, seconds: seconds + 0.5 }, status, tooMany);
    const measured = await alone(seconds);
    await flood;
    return measured;
  };
}

function compareWaits(call: string, rounds: readonly Round[]): Findings {
  const p99 = rounds.map(({ service, bare }) => [service.p99Milliseconds, bare.p99Milliseconds] as const);
  const ratios = spreadOf(p99.map(([flooded, alone]) => flooded / alone));
  const [flooded, alone] = [0, 1].map((side) => shown(spreadOf(p99.map((pair) => pair[side] ?? Number.NaN)).median));
  const what = `p99 of ${call}, ${quietConnections} at once, beside an organization that floods with ${floodConnections}`;
  const met = ratios.median <= most;
  return {
    lines: [
      {
        what,
        limit: `at most ${most} times that of alone`,
        measured: shownSpread(ratios),
        met,
        remark: explained(
          `${flooded} ms against ${alone} ms`,
          met,
          'One core does everything: what is read from all connections in one turn of the loop is answered in that turn',
        ),
      },
    ],
    numbers: [
      {
        title: what,
        head: ['flooded p99 ms', 'alone p99 ms', 'ratio'],
        rows: p99.map(([one, other]) => [one.toFixed(2), other.toFixed(2), (one / other).toFixed(2)]),
      },
    ],
  };
}
