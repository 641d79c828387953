import { join } from 'node:path';
import { type Asked, demandAlike } from '../alike.ts';
import { headersToRepeat, startBare } from '../bare/start.ts';
import { type Ground, readPath, reads } from '../ground.ts';
import { type Bench, compareRates, type Findings } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { limitsOutOfReach, type Serving, startService } from '../service.ts';

/** `GET /org/get` under the default settings, its log written and its limiter counting, against the bare read. */
export async function measureRead({ load, ground: prepare, extent }: Bench): Promise<Findings> {
  const ground = await prepare();
  const { service, bare } = await startReaders(ground);
  const streams = [{ requests: reads(ground), connections: 32 }];
  const rounds = await measureInTurn(extent, {
    service: underLoad(load, service, { streams, status: 200 }),
    bare: underLoad(load, bare, { streams, status: 200 }),
  });
  await Promise.all([service.stop(), bare.stop()]);
  return compareRates({ what: 'GET /org/get', against: 'the bare read', limit }, rounds);
}

const limit = {
  least: 0.8,
  shortfall: 'The line in the log takes 10 µs of each request, the metrics 4 µs, the limiter 2 µs.',
};

/**
 * The service under its default settings, and a bare server that reads beside it from the same file or database and sends
 * the same bytes.
 *
 * @param asked a request that will be measured; a read, unless given
 */
export async function startReaders(
  ground: Ground,
  asked: Asked = readOf(ground),
): Promise<{ service: Serving; bare: Serving }> {
  const { directory, place } = ground;
  const service = await startService({ directory, settings: { ...limitsOutOfReach, ...place?.settings } });
  const bare = await startBare({
    ...(place === undefined ? { directory: join(directory, 'data') } : { directory, mongodb: place }),
    headers: await headersToRepeat(service, asked),
    routes: ['read', 'sign-in'],
  });
  await demandAlike([service, bare], asked);
  return { service, bare };
}

function readOf({ organizations }: Ground): Asked {
  return { path: readPath(organizations[0]?.name ?? '') };
}
