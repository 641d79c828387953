import type { Connection } from './connection.ts';

/** Does a part of a transaction, of which nothing is left where it does not hold. Where it throws the transaction is lost. */
export function inSavepoint<T>(connection: Connection, work: () => T, holds: (result: T) => boolean): T {
  connection.prepare('SAVEPOINT part').run();
  const result = work();
  if (!holds(result)) connection.database.exec('ROLLBACK TO part');
  connection.prepare('RELEASE part').run();
  return result;
}
