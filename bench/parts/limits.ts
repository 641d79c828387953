import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tenant } from '../documents-ground.ts';
import { request } from '../load-client.ts';
import { type Bench, compareRates, type Findings } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { startService } from '../service.ts';
import { onMongodb, warmSeconds } from './on-mongodb.ts';

const what = 'GET /v1/organizations/{organization} by its admin';

/** The requests by which the admins read their organizations: nothing in them but who calls. */
function reads(tenants: readonly Tenant[]): string[] {
  return tenants.map(({ id, token }) => request('GET', `/v1/organizations/${id}`, { token }));
}

/** What the limits of a call cost in memory: its address, its token and its organization are counted, and told. */
export async function measureLimits({ scratch, load, extent, documents }: Bench): Promise<Findings> {
  const { directory, settings, tenants } = await documents();
  const beside = join(scratch, 'without-limits');
  mkdirSync(beside);
  const limited = await startService({ directory, settings });
  const unlimited = await startService({
    directory: beside,
    settings: { ...settings, RATE_LIMIT: 'off', DATA_DIR: join(directory, 'bare') },
  });
  const streams = [{ requests: reads(tenants), connections: 32 }];
  const rounds = await measureInTurn(extent, {
    service: underLoad(load, limited, { streams, status: 200 }),
    bare: underLoad(load, unlimited, { streams, status: 200 }),
  });
  await Promise.all([limited.stop(), unlimited.stop()]);
  const limit = { least: 0.9, shortfall: 'The two header fields that tell how the caller stands are most of it' };
  return compareRates({ what, against: 'the same without limits', limit }, rounds);
}

/** The same on MongoDB where Redis tells what other instances change, so that it is answered from memory. */
export const measureMongodbRemembered = onMongodb(what, async ({ scratch, load, extent }, { name, documents }) => {
  const redis = process.env['TEST_REDIS_URL'];
  if (!redis) {
    const line = { what, limit: 'not measured', measured: 'left out', remark: 'TEST_REDIS_URL names no server' };
    return { lines: [line], numbers: [] };
  }
  const { directory, settings, tenants } = await documents();
  const beside = join(scratch, 'without-redis');
  mkdirSync(beside);
  const remembering = await startService({ directory, settings: { ...settings, REDIS_URL: redis } });
  const asking = await startService({ directory: beside, settings });
  const streams = [{ requests: reads(tenants), connections: 32 }];
  const rounds = await measureInTurn(
    { ...extent, warmSeconds },
    {
      service: underLoad(load, remembering, { streams, status: 200 }),
      bare: underLoad(load, asking, { streams, status: 200 }),
    },
  );
  await Promise.all([remembering.stop(), asking.stop()]);
  const limit = { least: 3, shortfall: 'Limits on Redis are a round trip for each request' };
  return compareRates(
    { what: `${what}, remembered, on ${name}`, against: 'the same asking the database', limit },
    rounds,
  );
});
