// Another process on a data directory: does each order that it is sent and tells what came of it.
import { StartError, TenantryError } from '../../errors.ts';
import { insert } from '../records.ts';
import { type EmbeddedStore, openEmbedded } from './open.ts';
import { keepingLog, makeOrganization, noteOf, notes, type Order, type Told } from './scratch.ts';

let store: EmbeddedStore | undefined;

async function carryOut({ call, value }: Order): Promise<unknown> {
  if (call === 'open') {
    store = await openEmbedded({ directory: value, kinds: [notes], log: keepingLog(), tablesPerFile: 3 });
    return process.pid;
  }
  if (store === undefined) throw new Error('the store is not open');
  if (call === 'insert') return store.records.commit([insert(notes, noteOf(value))]);
  if (call === 'backup') return store.backup(value, ['pipe']);
  return makeOrganization(store, value);
}

function failureOf(error: unknown): Told {
  if (error instanceof StartError) return { failed: String(error.exitCode), message: error.message };
  if (error instanceof TenantryError) return { failed: error.code, message: String(error.cause) };
  throw error;
}

process.on('message', async (order: Order) => {
  const told: Told = await carryOut(order).then((done) => ({ done }), failureOf);
  process.send?.(told);
});
