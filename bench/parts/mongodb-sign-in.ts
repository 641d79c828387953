import { compareRates } from '../part.ts';
import { measureInTurn, underLoad } from '../rounds.ts';
import { onMongodb, roundsOfHashes } from './on-mongodb.ts';
import { startReaders } from './read.ts';
import { signInConnections, signInLimit } from './sign-in.ts';

const what = 'POST /admin/login at cost 12';

/** `POST /admin/login`, against a bare route that does the same by hand, and shares the server with it. */
export const measureMongodbSignIn = onMongodb(what, async ({ load, extent }, { name, ground: prepare }) => {
  const ground = await prepare();
  const [body] = ground.signIns.map((request): object => JSON.parse(request.slice(request.indexOf('\r\n\r\n'))));
  const asked = { path: '/admin/login', ...(body && { body }), varying: ['access_token'] };
  const { service, bare } = await startReaders(ground, asked);
  const streams = [{ requests: ground.signIns, connections: signInConnections }];
  const rounds = await measureInTurn(
    { rounds: roundsOfHashes, seconds: extent.secondsOfHashes },
    {
      service: underLoad(load, service, { streams, status: 200 }),
      bare: underLoad(load, bare, { streams, status: 200 }),
    },
  );
  await Promise.all([service.stop(), bare.stop()]);
  const against = 'a bare route with the same hash, documents and token';
  return compareRates({ what: `${what} on ${name}`, against, limit: signInLimit }, rounds);
});
