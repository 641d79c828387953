import { type Db, type Document, MongoServerError } from 'mongodb';
import { TenantryError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Kind, Records } from '../records.ts';
import { shownAddress } from './address.ts';
import { type Connected, reach } from './connect.ts';
import { isPassing } from './faults.ts';
import { type LayoutState, readLayout } from './layout.ts';
import { createRecords } from './records.ts';
import { type Hello, refusalOf } from './refusals.ts';
import { clientSessions } from './sessions.ts';
import { masterLine, turnsOf } from './turns.ts';

/** One thing that was found, for the operator; `wrong` keeps the service from starting. It holds no user and no password. */
export interface Finding {
  readonly verdict: 'ok' | 'warning' | 'wrong';
  readonly text: string;
}

/** What is examined. */
export interface Examining {
  readonly url: string;
  /** The master database's name. */
  readonly database: string;
  readonly kinds: readonly Kind[];
  /** Called where the database holds data of ours. Reads some of it and tells what it found. @throws {StartError} what is wrong */
  readonly lookAt: (records: Records) => Promise<string>;
}

/** Whoever asks waits for the answer, and a server that runs gives it at once. */
const patienceSeconds = 5;

/** The findings tell all that there is to say. */
const silent: Log = { info() {}, warn() {}, error() {}, audit() {} };

/** Examines the server and the database as a start would, and changes nothing in it. */
export async function examineMongodb(examining: Examining): Promise<readonly Finding[]> {
  const { url } = examining;
  try {
    const { findings, client } = await reach(
      { ...examining, startSeconds: patienceSeconds, log: silent },
      async (connected) => ({ client: connected.client, findings: await examine(connected, examining) }),
    );
    await client.close();
    return findings;
  } catch (error) {
    return [wrong(error, url)];
  }
}

/** A refusal in its words. What is none passes, or is a fault of the program. */
function wrong(error: unknown, url: string): Finding {
  const cause = error instanceof TenantryError ? error.cause : error;
  const refusal = refusalOf(cause, url);
  if (refusal !== undefined) return { verdict: 'wrong', text: refusal.message };
  // What was read cannot be used, and will not be at another try.
  if (error instanceof TenantryError && !isPassing(cause)) return { verdict: 'wrong', text: error.message };
  throw error;
}

async function examine(
  { client, database, takesWrites, version }: Connected,
  { url, kinds, lookAt }: Examining,
): Promise<Finding[]> {
  const { setName } = (await database.command({ hello: 1 })) as Hello;
  const kind = setName === undefined ? 'a sharded cluster' : `replica set ${setName}`;
  const findings: Finding[] = [{ verdict: 'ok', text: `${shownAddress(url)} is MongoDB ${version}, ${kind}` }];
  const lacking = await lackingRights(database);
  if (lacking.length > 0) {
    const text = `the user in TENANTRY_DATABASE_URL may lack rights in ${database.databaseName}: ${lacking.join(', ')}`;
    findings.push({ verdict: 'warning', text });
  }
  try {
    const state = await readLayout(database, kinds);
    findings.push({ verdict: 'ok', text: `database ${database.databaseName} ${layoutTexts[state]}` });
    if (state !== 'new') {
      const records = createRecords({
        client,
        sessions: clientSessions(client),
        database,
        takesWrites,
        inTurn: turnsOf(client)(masterLine),
        onCommit: () => {},
        reach: () => {},
      });
      findings.push({ verdict: 'ok', text: await lookAt(records) });
    }
  } catch (error) {
    // What is no refusal passes, and all is looked at again.
    findings.push(wrong(error, url));
  }
  return findings;
}

const layoutTexts = {
  new: 'holds no data of Tenantry yet: the start makes it',
  behind: 'has indexes of another version: the start makes those of this one',
  ready: 'has the layout of this version',
} as const satisfies Record<LayoutState, string>;

/** What the service does in its database (https://www.mongodb.com/docs/manual/reference/privilege-actions/); all of it is in `readWrite`. */
const neededActions = [
  ...['find', 'insert', 'update', 'remove'],
  ...['listCollections', 'listIndexes', 'createCollection', 'createIndex', 'dropCollection', 'dropIndex'],
];

interface Privilege {
  readonly resource: { readonly db?: string; readonly collection?: string; readonly anyResource?: boolean };
  readonly actions: readonly string[];
}

/** Actions that the user was not given for the whole database, as far as the server tells what it was given. */
async function lackingRights(database: Db): Promise<string[]> {
  const privileges = await readPrivileges(database);
  if (privileges.length === 0) return [];
  const given = privileges
    .filter(
      ({ resource: { db, collection, anyResource } }) =>
        anyResource || (collection === '' && (db === '' || db === database.databaseName)),
    )
    .flatMap(({ actions }) => actions);
  return neededActions.filter((action) => !given.includes(action));
}

/** None where the server asks nobody who he is, or does not know the command: other servers speak the protocol too. */
async function readPrivileges(database: Db): Promise<readonly Privilege[]> {
  try {
    const { authInfo }: Document = await database.command({ connectionStatus: 1, showPrivileges: true });
    return authInfo?.authenticatedUserPrivileges ?? [];
  } catch (error) {
    if (error instanceof MongoServerError) return [];
    throw error;
  }
}
