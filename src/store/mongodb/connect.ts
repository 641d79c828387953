import { setTimeout } from 'node:timers/promises';
import { type Db, type MongoClient, MongoServerSelectionError } from 'mongodb';
import type { Log } from '../../log.ts';
import { shownAddress } from './address.ts';
import { createClient, databaseOf, watchServers } from './client.ts';
import { lookAtHosts } from './look-at-hosts.ts';
import { type Hello, refusalOf, refuseServer, unansweredStart } from './refusals.ts';

/** How a server is reached. */
export interface Reaching {
  /** `mongodb://` or `mongodb+srv://`, with user and password where they are needed. */
  readonly url: string;
  /** The master database's name. */
  readonly database: string;
  /** How long a server that does not answer yet is waited for: containers start in any order. */
  readonly startSeconds: number;
  readonly log: Log;
}

/** A server that was reached, and can be used. */
export interface Connected {
  readonly client: MongoClient;
  readonly database: Db;
  /** Whether a server is known now that takes writes. */
  readonly takesWrites: () => boolean;
  /** The server's version, for people. */
  readonly version: string;
}

/** How long a try waits for a server. */
const patienceMilliseconds = { least: 250, most: 5_000 };

/** How long a look at the hosts waits for them: one that runs answers at once. */
const lookingMilliseconds = { least: 250, most: 1_000 };

/** From one try to reach the server to the next. */
const retryMilliseconds = 250;

/**
 * Reaches the server and does the first work there, both again where the server does not answer yet or goes away
 * meanwhile. The client is left open for what the work gave.
 *
 * @throws {StartError} 78: the server cannot be used, or did not answer in the time
 */
export async function reach<T>(reaching: Reaching, work: (connected: Connected) => Promise<T>): Promise<T> {
  const { url, log, startSeconds } = reaching;
  const end = performance.now() + startSeconds * 1_000;
  for (let tries = 0; ; tries += 1) {
    try {
      return await reachOnce(reaching, end, work);
    } catch (error) {
      const refusal = refusalOf(error, url);
      if (refusal !== undefined) throw refusal;
      if (performance.now() + retryMilliseconds >= end) throw unansweredStart(error, url, startSeconds);
      if (tries === 0) log.warn({ err: error, server: shownAddress(url) }, 'the database does not answer yet');
      await setTimeout(retryMilliseconds);
    }
  }
}

/** No longer than the time of the start, and long enough to tell what is wrong. */
function patienceUntil(end: number, { least, most }: typeof patienceMilliseconds): number {
  return Math.round(Math.min(Math.max(end - performance.now(), least), most));
}

async function reachOnce<T>(
  { url, database: name }: Reaching,
  end: number,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const client = createClient(url, patienceUntil(end, patienceMilliseconds));
  const takesWrites = watchServers(client);
  try {
    await client.connect();
    const database = databaseOf(client, name);
    refuseServer((await database.command({ hello: 1 })) as Hello, url);
    const { version } = await client.db('admin').command({ buildInfo: 1 });
    return await work({ client, database, takesWrites, version: String(version) });
  } catch (error) {
    await client.close();
    if (error instanceof MongoServerSelectionError) await lookAtHosts(url, patienceUntil(end, lookingMilliseconds));
    throw error;
  }
}
