import { join } from 'node:path';
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

/** The service under its default settings, and a bare server that reads beside it from the same file and sends the same bytes. */
export async function startReaders(ground: Ground): Promise<{ service: Serving; bare: Serving }> {
  const { directory, organizations } = ground;
  const service = await startService({ directory, settings: limitsOutOfReach });
  const path = readPath(organizations[0]?.name ?? '');
  const bare = await startBare({
    directory: join(directory, 'data'),
    headers: await headersToRepeat(service, path),
    routes: ['read', 'sign-in'],
  });
  const [ours, theirs] = await Promise.all([service, bare].map((serving) => bytesOf(serving, path)));
  if (ours !== theirs) throw new Error(`the sides do not answer alike:\n${ours}\n${theirs}`);
  return { service, bare };
}

/** An answer without what differs from one to the next. */
async function bytesOf({ host, port }: Serving, path: string): Promise<string> {
  const answer = await fetch(`http://${host}:${port}${path}`);
  const varying = ['date', 'keep-alive', 'x-request-id', 'ratelimit'];
  const headers = [...answer.headers].filter(([name]) => !varying.includes(name)).sort();
  return `${answer.status} ${JSON.stringify(headers)} ${await answer.text()}`;
}
