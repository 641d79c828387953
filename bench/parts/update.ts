import { reads } from '../ground.ts';
import { request } from '../load-client.ts';
import { type Bench, compareRates, type Findings } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { startReaders } from './read.ts';

/** An authenticated `PUT /org/update` that changes nothing, against the bare read. */
export async function measureUpdate({ load, ground: prepare, extent }: Bench): Promise<Findings> {
  const ground = await prepare();
  const { service, bare } = await startReaders(ground);
  const updates = ground.organizations.map(({ name, token }) =>
    request('PUT', '/org/update', { token, body: { organization_name: name } }),
  );
  const rounds = await measureInTurn(extent, {
    service: underLoad(load, service, { streams: [{ requests: updates, connections: 32 }], status: 200 }),
    bare: underLoad(load, bare, { streams: [{ requests: reads(ground), connections: 32 }], status: 200 }),
  });
  await Promise.all([service.stop(), bare.stop()]);
  const what = 'authenticated PUT /org/update with nothing to change';
  return compareRates({ what, against: 'the bare read', limit }, rounds);
}

const limit = {
  least: 0.6,
  shortfall: [
    'The bare read has no body: Node and Fastify take 15 µs to read one, whatever is done with it, and more where, as here,',
    'the token is checked before it is read. The token and whether its holder is still who they were take 7 µs,',
    'the line in the log 10 µs, the metrics 4 µs.',
  ].join(' '),
};
