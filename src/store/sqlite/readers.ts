import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { TenantryError } from '../../errors.ts';
import { type Connection, connect, tenantBounds } from './connection.ts';

/** Tenants' files that stay open for reading: each holds three descriptors and a page cache. */
const mostOpen = 32;

/** The connections that the main thread reads tenants' files by. */
export interface Readers {
  /** The connection to a file: no read transaction stays open on it, so that each read sees what was written before. */
  to(file: string): Connection;
  /** A connection for one piece of work, which gives it back. */
  open(file: string): Connection;
  release(connection: Connection): void;
  /** Closes the connection to a file, if there is one. */
  close(file: string): void;
  /** Closes all, and so ends what still reads; none is opened any more. */
  end(): void;
}

/** Opens connections as they are needed, and keeps a bounded number of them. */
export function createReaders(directory: string): Readers {
  let hasEnded = false;
  const lent = new Set<Connection>();
  const connections = new LRUCache<string, Connection>({ max: mostOpen, dispose: (connection) => connection.close() });

  function begin(file: string): Connection {
    if (hasEnded) throw new TenantryError('stopping', 'The service is stopping', { retryAfterSeconds: 1 });
    return connect(join(directory, file), 'read', tenantBounds);
  }

  function release(connection: Connection): void {
    if (lent.delete(connection)) connection.close();
  }

  return {
    to(file) {
      let connection = connections.get(file);
      if (connection === undefined) {
        connection = begin(file);
        connections.set(file, connection);
      }
      return connection;
    },
    open(file) {
      const connection = begin(file);
      lent.add(connection);
      return connection;
    },
    release,
    close: (file) => void connections.delete(file),
    end() {
      hasEnded = true;
      connections.clear();
      for (const connection of lent) release(connection);
    },
  };
}
