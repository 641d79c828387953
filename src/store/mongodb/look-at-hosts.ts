import { MongoError } from 'mongodb';
import { StartError } from '../../errors.ts';
import { directAddresses, replicaSetIn, shownAddress } from './address.ts';
import { createClient } from './client.ts';
import { type Hello, refuseServer } from './refusals.ts';

/**
 * Asks each host of an address by itself what it is. A driver that looks for a replica set passes over a server that is none,
 * or is of another set, and tells only that it found nothing. Hosts that do not answer are passed over here.
 *
 * @param patienceMilliseconds how long each is waited for
 * @throws {StartError} 78: waiting for this server does not help
 * @throws {Error} it is to become what it has to be
 */
export async function lookAtHosts(url: string, patienceMilliseconds: number): Promise<void> {
  const wanted = replicaSetIn(url);
  for (const hello of await Promise.all(
    directAddresses(url).map((address) => askHost(address, patienceMilliseconds)),
  )) {
    if (hello === undefined) continue;
    refuseServer(hello, url);
    if (wanted !== undefined && hello.setName !== undefined && hello.setName !== wanted) {
      throw new StartError(
        78,
        `${shownAddress(url)} is of the replica set ${hello.setName}, and replicaSet in TENANTRY_DATABASE_URL is ${wanted}. Mend it there.`,
      );
    }
  }
}

async function askHost(address: string, patienceMilliseconds: number): Promise<Hello | undefined> {
  const client = createClient(address, patienceMilliseconds);
  try {
    await client.connect();
    return (await client.db('admin').command({ hello: 1 })) as Hello;
  } catch (error) {
    if (!(error instanceof MongoError)) throw error;
    // What connecting to all of them has failed with is told already.
    return undefined;
  } finally {
    await client.close();
  }
}
