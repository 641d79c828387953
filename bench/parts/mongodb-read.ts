import { reads } from '../ground.ts';
import { compareRates } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { onMongodb, warmSeconds } from './on-mongodb.ts';
import { startReaders } from './read.ts';

const what = 'GET /org/get';

const limit = {
  least: 0.85,
  shortfall: 'The line in the log, the metrics, the limiter and the time limits take the rest',
};

/** `GET /org/get` under the default settings, against a bare route that asks the same server by hand. */
export const measureMongodbRead = onMongodb(what, async ({ load, extent }, { name, ground: prepare }) => {
  const ground = await prepare();
  const { service, bare } = await startReaders(ground);
  const streams = [{ requests: reads(ground), connections: 32 }];
  const rounds = await measureInTurn(
    { ...extent, warmSeconds },
    {
      service: underLoad(load, service, { streams, status: 200 }),
      bare: underLoad(load, bare, { streams, status: 200 }),
    },
  );
  await Promise.all([service.stop(), bare.stop()]);
  return compareRates({ what: `${what} on ${name}`, against: 'a bare read by the driver', limit }, rounds);
});
