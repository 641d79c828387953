import { type ClientSession, type MongoClient, UUID } from 'mongodb';
import type { Sessions } from '../sessions.ts';
import { unavailable } from '../unavailable.ts';
import { callEnd, persistently } from './attempts.ts';
import { hasCode, serverCodes, tellable } from './faults.ts';

/** The sessions that a client's transactions are made in: each is used again, so that their ids stay the same. */
export interface ClientSessions extends Sessions {
  /** Does the work in a session that no other work has. A transaction that it leaves open is aborted. */
  use<T>(work: (session: ClientSession) => Promise<T>): Promise<T>;
  /**
   * Refuses work from here on as `storage_unavailable`, and resolves when what is in work is over, at the latest in two
   * seconds: a connection that ends before leaves its transaction open.
   */
  close(): Promise<void>;
}

/** How long a close waits for what is in work. */
const closeMilliseconds = 2_000;

/** Sessions that are there from the beginning, so that who dies soon has named them. */
const first = 16;

/** Makes more when all are in use; there are as many as transactions were at once. */
export function clientSessions(client: MongoClient): ClientSessions {
  const all = Array.from({ length: first }, create);
  const inUse = new Set<ClientSession>();
  let isClosed = false;
  let onIdle = () => {};

  function create(): ClientSession {
    return client.startSession({ causalConsistency: false });
  }

  function createFurther(): ClientSession {
    const session = create();
    all.push(session);
    return session;
  }

  return {
    async use(work) {
      if (isClosed) throw unavailable(new Error('the store is closed'));
      // The first that is free: it was named the longest, and what a lost connection left open in it ends with its next use.
      const session = all.find((each) => !inUse.has(each)) ?? createFurther();
      inUse.add(session);
      try {
        return await work(session);
      } finally {
        if (session.inTransaction()) await session.abortTransaction();
        inUse.delete(session);
        if (inUse.size === 0) onIdle();
      }
    },
    async close() {
      isClosed = true;
      if (inUse.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      const timer = setTimeout(resolve, closeMilliseconds);
      await promise;
      clearTimeout(timer);
    },
    ids: () => all.flatMap(({ id }) => (id === undefined ? [] : [id.id.toUUID().toString()])),
    end: (ids) => endSessions(client, ids),
  };
}

async function endSessions(client: MongoClient, ids: readonly string[]): Promise<void> {
  // A mongod takes an empty list for all sessions of the user.
  if (ids.length === 0) return;
  const sessions = ids.map((id) => ({ id: new UUID(id) }));
  const admin = client.db('admin');
  try {
    await persistently(async () => {
      try {
        await admin.command({ killSessions: sessions });
      } catch (error) {
        if (!hasCode(error, serverCodes.commandNotFound)) throw error;
        // DocumentDB has this one alone, and ends what is open at once. A mongod would wait some minutes with it.
        await admin.command({ endSessions: sessions });
      }
    }, callEnd());
  } catch (error) {
    throw tellable(error);
  }
}
