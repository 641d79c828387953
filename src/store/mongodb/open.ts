import { StartError } from '../../errors.ts';
import type { ClusterMarks } from '../cluster-mark.ts';
import type { CommitPoint } from '../commit-points.ts';
import type { Documents } from '../documents.ts';
import type { Kind, Records } from '../records.ts';
import type { Sessions } from '../sessions.ts';
import { clusterMarks } from './cluster-marks.ts';
import { type Connected, type Reaching, reach } from './connect.ts';
import { createDocuments } from './documents.ts';
import { KeptRooms } from './kept-rooms.ts';
import { demandLayout, makeLayout, readLayout } from './layout.ts';
import { QuotaGate } from './quota-gate.ts';
import { createRecords } from './records.ts';
import { clientSessions } from './sessions.ts';
import { underLock } from './start-lock.ts';
import { masterLine, turnsOf } from './turns.ts';

/** The engine on a database of a MongoDB deployment, which any number of instances may have open. */
export interface MongodbStore {
  readonly records: Records;
  readonly documents: Documents;
  readonly marks: ClusterMarks;
  readonly sessions: Sessions;
  /** The server's version, for people. */
  readonly version: string;
  /** Reads once from the master database. @throws {TenantryError} storage_unavailable */
  ready(): Promise<void>;
  /** Ends the connections; what is in work has two seconds, and is answered as `storage_unavailable` then. */
  close(): Promise<void>;
}

/** The cluster that the master database is on. */
const mainCluster = 'main';

/** With what the engine is opened. */
export interface MongodbOptions extends Reaching {
  readonly kinds: readonly Kind[];
  /** Refuse a database that holds no data, in the place of making some. */
  readonly mustExist?: boolean;
  readonly onCommit?: (commit: { commits: number; seconds: number }) => void;
  /** Called at each step of a commit of several records; for tests. */
  readonly onStep?: (point: CommitPoint) => void;
}

/**
 * Connects to the server and brings the database to the program's layout.
 *
 * @throws {StartError} 78: what the operator has to mend, without the password
 */
export async function openMongodb(options: MongodbOptions): Promise<MongodbStore> {
  const { onCommit = () => {}, onStep = () => {} } = options;
  const { client, database, takesWrites, version } = await reach(options, async (connected) => {
    await prepare(connected, options);
    return connected;
  });
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
    cluster: mainCluster,
  };
  return {
    records: createRecords({ ...ground, inTurn: ground.turns(masterLine), onCommit }),
    documents: createDocuments(ground),
    marks: clusterMarks(database),
    sessions,
    version,
    ready: () => demandLayout(database),
    async close() {
      await sessions.close();
      await client.close();
    },
  };
}

async function prepare({ database }: Connected, { kinds, log, mustExist }: MongodbOptions): Promise<void> {
  const state = await readLayout(database, kinds);
  if (state === 'ready') return;
  if (state === 'new' && mustExist) {
    const name = database.databaseName;
    throw new StartError(
      78,
      `There is no data of Tenantry in the database ${name}. Name it in TENANTRY_DATABASE_NAME.`,
    );
  }
  const make = async () => {
    // Another may have done it meanwhile.
    if ((await readLayout(database, kinds)) === 'ready') return;
    await makeLayout(database, kinds);
    log.info({ database: database.databaseName }, 'the layout of the database was made');
  };
  await underLock(database, make, {
    onWait: () =>
      log.info({}, 'another instance changes the layout of the database, or died over it; it is waited for'),
  });
}
