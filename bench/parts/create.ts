import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { headersToRepeat, startBare } from '../bare/start.ts';
import { creation } from '../ground.ts';
import type { LoadClient } from '../load-client.ts';
import { type Bench, compareRates, type Findings, type RateLimit } from '../part.ts';
import { type Measure, measureInTurn, underLoad } from '../rounds.ts';
import { leastCost, limitsOutOfReach, type Serving, startService } from '../service.ts';

/** `POST /org/create` under the default settings: almost all of it is the hash. */
export async function measureCreate(bench: Bench): Promise<Findings> {
  return await measureAt(bench, {
    settings: {},
    cost: 12,
    seconds: bench.extent.secondsOfHashes,
    perSecond: 10,
    // More would wait for their hash longer than the service lets them.
    connections: 8,
    what: 'POST /org/create at cost 12',
    limit: {
      least: 0.7,
      shortfall:
        'A creation takes four jobs of the writer (is the name free, both rows, the table, the status), the bare one takes two.',
    },
  });
}

/** The same with the cheapest hash, so that everything else is seen. */
export async function measureCheapCreate(bench: Bench): Promise<Findings> {
  return await measureAt(bench, {
    settings: leastCost,
    cost: 4,
    seconds: bench.extent.seconds,
    perSecond: 2_000,
    connections: 32,
    what: 'POST /org/create at cost 4',
  });
}

/** How creations are measured. */
export interface Trial {
  readonly settings: Readonly<Record<string, string>>;
  readonly cost: number;
  readonly seconds: number;
  /** More than any of the sides can do. */
  readonly perSecond: number;
  /** Creations in work at once, so that there is something to commit together. */
  readonly connections: number;
  readonly what: string;
  readonly limit?: RateLimit;
}

async function measureAt({ scratch, load, extent }: Bench, trial: Trial): Promise<Findings> {
  const { settings, cost, seconds, perSecond, connections, what, limit } = trial;
  const directories = ['service', 'bare'].map((side) => join(scratch, `create-${cost}-${side}`));
  const [ours = '', theirs = ''] = directories;
  for (const directory of directories) mkdirSync(directory);
  // The bare server's directory is laid out by the service too: the same tables and indexes.
  const founder = await startService({ directory: theirs, settings: limitsOutOfReach });
  const headers = await headersToRepeat(founder, { path: '/org/get?organization_name=none' });
  await founder.stop();
  const service = await startService({ directory: ours, settings: { ...limitsOutOfReach, ...settings } });
  const bare = await startBare({ directory: join(theirs, 'data'), headers, routes: ['create'], cost });
  const together = { connections, most: Math.ceil(perSecond * seconds) };
  const rounds = await measureInTurn(
    { ...extent, seconds },
    { service: creating(load, service, together), bare: creating(load, bare, together) },
  );
  await Promise.all([service.stop(), bare.stop()]);
  const against = 'a bare route with the same hash, rows and table';
  return compareRates({ what, against, ...(limit !== undefined && { limit }) }, rounds);
}

/** Creates organizations that are new in each round. */
export function creating(
  load: LoadClient,
  serving: Serving,
  { connections, most }: { connections: number; most: number },
): Measure {
  let created = 0;
  return async (seconds) => {
    const requests = Array.from({ length: most }, (_, number) => creation(created + number));
    created += most;
    return await underLoad(load, serving, { streams: [{ requests, connections }], status: 201 })(seconds);
  };
}
