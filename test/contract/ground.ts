import type { Documents } from '../../src/store/documents.ts';
import type { Records } from '../../src/store/records.ts';
import type { Engine, OpenOptions, OpenStore } from './engine.ts';
import { kinds } from './kinds.ts';

/** What a case stands on: data of its own, and as many stores on it as the engine allows. Gone at the end of its scope. */
export interface Ground extends AsyncDisposable {
  readonly location: string;
  /** The records of the first store. */
  readonly records: Records;
  /** The documents of the first store. */
  readonly documents: Documents;
  /** The records of the stores in turn, so that racing calls come through different instances. */
  recordsOf(turn: number): Records;
  /** The documents of the stores in turn. */
  documentsOf(turn: number): Documents;
  /** Closes the stores; with `reopen`, what a restart is. */
  close(): Promise<void>;
  /** Closes the stores and opens new ones on the same data. */
  reopen(options?: Partial<OpenOptions>): Promise<void>;
}

/** Makes data of its own and opens the engine's stores on it: `await using ground = await openGround(engine)`. */
export async function openGround(engine: Engine, options: Partial<OpenOptions> = {}): Promise<Ground> {
  const location = await engine.create();
  const openAll = (chosen: Partial<OpenOptions>) => openStores(engine, location, { kinds, ...options, ...chosen });
  let stores = await openAll({});
  // A closed store can still be called, which is what some cases are about.
  let open = stores;
  const at = (turn: number): OpenStore => {
    const store = stores[turn % stores.length];
    if (store === undefined) throw new Error('no store is open');
    return store;
  };
  const close = async () => {
    const ending = open;
    open = [];
    for (const store of ending) await store.close();
  };
  return {
    location,
    get records() {
      return at(0).records;
    },
    get documents() {
      return at(0).documents;
    },
    recordsOf: (turn) => at(turn).records,
    documentsOf: (turn) => at(turn).documents,
    close,
    async reopen(chosen = {}) {
      await close();
      stores = await openAll(chosen);
      open = stores;
    },
    async [Symbol.asyncDispose]() {
      await close();
      await engine.destroy(location);
    },
  };
}

async function openStores(engine: Engine, location: string, options: OpenOptions): Promise<OpenStore[]> {
  const stores: OpenStore[] = [];
  while (stores.length < engine.instances) stores.push(await engine.open(location, options));
  return stores;
}
