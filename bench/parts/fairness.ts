import { join } from 'node:path';
import { prepareDocuments, type Tenant } from '../documents-ground.ts';
import { type LoadClient, startLoad } from '../load-client.ts';
import { type Bench, explained, type Findings, shown, shownSpread } from '../part.ts';
import { type Measure, measureInTurn, type Round, spreadOf, underLoad } from '../rounds.ts';
import { type Serving, startService } from '../service.ts';
import { type Flood, floodsOf, type Sort } from './floods.ts';

/** Of the organization that is measured. */
const quietConnections = 2;

/** What is told to whoever asks for too much. */
const tooMany = 429;

/** How long an organization's requests take beside another one that floods, in the same table, against alone. */
export async function measureFairness({ load, extent, scratch }: Bench): Promise<Findings> {
  const directory = join(scratch, 'fairness');
  const pooled = { DEFAULT_LEVEL: 'pooled' };
  const ground = await prepareDocuments({ directory, load, organizations: 5, documents: 200, settings: pooled });
  const [calm, ...tenants] = ground.tenants;
  if (calm === undefined) throw new Error('there is no organization');
  const service = await startService({ directory, settings: ground.settings });
  // A process of its own: its answers would wait behind the flood's in one.
  const quiet = startLoad(scratch);
  const found: Findings[] = [];
  for (const flood of await floodsOf({ load, service, tenants })) {
    for (const sort of flood.besides) {
      const alone = asking(quiet, { service, calm, sort });
      // The slowest answers vary most: more rounds.
      const rounds = flood.most === undefined ? extent.rounds : 2 * extent.rounds - 1;
      const sides = { service: beside(load, alone, { service, flood }), bare: alone };
      found.push(compareWaits(flood, sort, await measureInTurn({ rounds, seconds: extent.seconds }, sides)));
    }
  }
  await Promise.all([service.stop(), quiet.close()]);
  return { lines: found.flatMap(({ lines }) => lines), numbers: found.flatMap(({ numbers }) => numbers) };
}

interface Asking {
  readonly service: Serving;
  readonly calm: Tenant;
  readonly sort: Sort;
}

function asking(quiet: LoadClient, { service, calm, sort: { requestsOf, status } }: Asking): Measure {
  const requests = requestsOf({ tenants: [calm] });
  return underLoad(quiet, service, { streams: [{ requests, connections: quietConnections }], status });
}

interface Flooding {
  readonly service: Serving;
  readonly flood: Flood;
}

/** The flood begins before what is measured, and ends after it. */
function beside(load: LoadClient, alone: Measure, { service, flood }: Flooding): Measure {
  const { requests, connections, status } = flood;
  return async (seconds) => {
    await flood.prepare?.();
    const streams = [{ requests, connections }];
    const flooding = load.send({ ...service, streams, seconds: seconds + 0.5 }, status, tooMany);
    const measured = await alone(seconds);
    await flooding;
    return measured;
  };
}

function compareWaits(
  { what: flood, connections, most }: Flood,
  { what: call }: Sort,
  rounds: readonly Round[],
): Findings {
  const p99 = rounds.map(({ service, bare }) => [service.p99Milliseconds, bare.p99Milliseconds] as const);
  const ratios = spreadOf(p99.map(([flooded, alone]) => flooded / alone));
  const [flooded, alone] = [0, 1].map((side) => shown(spreadOf(p99.map((pair) => pair[side] ?? Number.NaN)).median));
  const what = `p99 of ${call}, ${quietConnections} at once, beside another organization's flood of ${flood}, ${connections} at once`;
  const met = most === undefined ? undefined : ratios.median <= most;
  return {
    lines: [
      {
        what,
        ...(most !== undefined && { limit: `at most ${most} times that of alone` }),
        measured: shownSpread(ratios),
        ...(met !== undefined && { met }),
        remark: explained(
          `${flooded} ms against ${alone} ms`,
          met,
          'One core does everything: a call waits for the slice under way, and a write for the transaction under way',
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
