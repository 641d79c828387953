import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Asked, demandAlike } from '../alike.ts';
import { headersToRepeat, startBare } from '../bare/start.ts';
import { admin } from '../ground.ts';
import type { Mongodb } from '../mongodb.ts';
import { type Bench, compareRates, type Findings } from '../part.ts';
import { measureInTurn } from '../rounds.ts';
import { leastCost, limitsOutOfReach, startService } from '../service.ts';
import { creating, type Trial } from './create.ts';
import { onMongodb, roundsOfHashes } from './on-mongodb.ts';

const dear = 'POST /org/create at cost 12';
const cheap = 'POST /org/create at cost 4';

/** `POST /org/create` under the default settings: almost all of it is the hash. */
export const measureMongodbCreate = onMongodb(dear, (bench, mongodb) =>
  measureAt(bench, mongodb, {
    settings: {},
    cost: 12,
    rounds: roundsOfHashes,
    seconds: bench.extent.secondsOfHashes,
    perSecond: 10,
    connections: 8,
    what: `${dear} on ${mongodb.name}`,
    limit: { least: 0.8, shortfall },
  }),
);

/** The same with the cheapest hash, so that everything else is seen. */
export const measureCheapMongodbCreate = onMongodb(cheap, (bench, mongodb) =>
  measureAt(bench, mongodb, {
    settings: leastCost,
    cost: 4,
    rounds: bench.extent.rounds,
    seconds: bench.extent.seconds,
    perSecond: 500,
    connections: 32,
    what: `${cheap} on ${mongodb.name}`,
  }),
);

const shortfall =
  'A creation asks the server twelve times (is the name free, both documents, the collection, the status), the bare one four times';

interface MongodbTrial extends Trial {
  readonly rounds: number;
}

/** A creation of a number that the load does not use. */
function asked(number: number): Asked {
  return { path: '/org/create', body: admin(number), varying: ['created_at'] };
}

async function measureAt({ scratch, load }: Bench, mongodb: Mongodb, trial: MongodbTrial): Promise<Findings> {
  const { settings, cost, rounds: count, seconds, perSecond, connections, what, limit } = trial;
  const directory = join(scratch, `mongodb-create-${cost}`);
  mkdirSync(directory);
  const [ours, theirs] = [mongodb.newPlace(), mongodb.newPlace()];
  // The bare server's database is laid out by the service too: the same collections and indexes.
  const founder = await startService({ directory, settings: { ...limitsOutOfReach, ...theirs.settings } });
  const headers = await headersToRepeat(founder, asked(-2));
  await founder.stop();
  const service = await startService({ directory, settings: { ...limitsOutOfReach, ...settings, ...ours.settings } });
  const bare = await startBare({ directory, mongodb: theirs, headers, routes: ['create'], cost });
  await demandAlike([service, bare], asked(-1));
  const together = { connections, most: Math.ceil(perSecond * seconds) };
  const rounds = await measureInTurn(
    { rounds: count, seconds },
    { service: creating(load, service, together), bare: creating(load, bare, together) },
  );
  await Promise.all([service.stop(), bare.stop()]);
  const against = 'a bare route with the same hash, documents and collection';
  return compareRates({ what, against, ...(limit !== undefined && { limit }) }, rounds);
}
