import { setTimeout } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import type { Log } from '../../log.ts';
import type { ClusterMarks } from '../cluster-mark.ts';
import type { CommitPoint } from '../commit-points.ts';
import type { Documents } from '../documents.ts';
import type { Sessions } from '../sessions.ts';
import { shownAddress } from './address.ts';
import { createClient, databaseOf, watchServers } from './client.ts';
import { clusterMarks } from './cluster-marks.ts';
import { createDocuments } from './documents.ts';
import { KeptRooms } from './kept-rooms.ts';
import { QuotaGate } from './quota-gate.ts';
import { clientSessions } from './sessions.ts';
import { turnsOf } from './turns.ts';

/** A deployment beside that of the master database, for documents alone. */
export interface MongodbCluster {
  readonly documents: Documents;
  readonly marks: ClusterMarks;
  readonly sessions: Sessions;
  close(): Promise<void>;
}

/** With what a cluster is opened. */
export interface MongodbClusterOptions {
  readonly name: string;
  readonly url: string;
  /** The database there that organizations share who have none of their own. */
  readonly database: string;
  readonly log: Log;
  /** Called at each step of a commit of several records; for tests. */
  readonly onStep?: (point: CommitPoint) => void;
}

/**
 * Opens a cluster. One that does not answer is no hindrance: what is asked of it fails until it does.
 *
 * @throws {MongoError} the address is malformed
 */
export function openMongodbCluster(options: MongodbClusterOptions): MongodbCluster {
  const { name, url, log, onStep = () => {} } = options;
  const client = createClient(url);
  const takesWrites = watchServers(client);
  const closing = new AbortController();
  const connecting = keepConnecting(client, closing.signal, (error) => {
    log.warn({ err: error, cluster: name, server: shownAddress(url) }, 'a cluster does not answer yet');
  });
  const database = databaseOf(client, options.database);
  const sessions = clientSessions(client);
  const ground = {
    client,
    sessions,
    database,
    takesWrites,
    turns: turnsOf(client),
    gate: new QuotaGate(),
    keptRooms: new KeptRooms(),
    reach: onStep,
    cluster: name,
  };
  return {
    documents: createDocuments(ground),
    marks: clusterMarks(database),
    sessions,
    async close() {
      closing.abort();
      await sessions.close();
      await client.close();
      await connecting;
    },
  };
}

/** From one try to the next. */
const retryMilliseconds = 1_000;

/**
 * Connects for the first time, until that is done or the signal: the driver itself keeps a connection that it once had, and
 * gives up one that it never had.
 *
 * @param onWait is told of the first try that fails
 */
async function keepConnecting(
  client: MongoClient,
  signal: AbortSignal,
  onWait: (error: unknown) => void,
): Promise<void> {
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await client.connect();
      return;
    } catch (error) {
      if (tries === 0 && !signal.aborted) onWait(error);
    }
    await Promise.race([setTimeout(retryMilliseconds, undefined, { ref: false }), aborted]);
  }
}
