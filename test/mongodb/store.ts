import type { Log } from '../../src/log.ts';
import { type MongodbStore, openMongodb } from '../../src/store/mongodb/open.ts';
import type { Kind } from '../../src/store/records.ts';
import { kinds as everyKind } from '../contract/kinds.ts';
import { type ServerProxy, startProxy } from './proxy.ts';
import { type Scratch, scratchDatabase } from './scratch.ts';

/** A store on a database of its own, with a proxy between it and the server. All of it is gone at the end of its scope. */
export interface ProxiedStore extends AsyncDisposable {
  readonly store: MongodbStore;
  readonly proxy: ServerProxy;
  /** The same database, behind the back of the store. */
  readonly scratch: Scratch;
}

/** A log that nobody reads. */
export const silent: Log = { info() {}, warn() {}, error() {}, audit() {} };

/** Opens a store behind a proxy that lets everything pass. */
export async function openProxied(kinds: readonly Kind[] = everyKind): Promise<ProxiedStore> {
  await using opened = new AsyncDisposableStack();
  const scratch = opened.use(scratchDatabase());
  const proxy = opened.use(await startProxy(scratch.url));
  const store = await openMongodb({ url: proxy.url(), database: scratch.name, kinds, log: silent, startSeconds: 30 });
  opened.defer(async () => {
    proxy.mend();
    await store.close();
  });
  const resources = opened.move();
  return { store, proxy, scratch, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
