import { importEngine } from '../contract/engine.ts';
import { type Acknowledged, commitWithoutEnd, lanes, loadKinds, makeWithoutEnd } from './load.ts';
import { documentLanes, writeWithoutEnd } from './load-documents.ts';

// A process that writes until it is killed. Its arguments are the engine's file, the data's place, and a name for this
// life of it; it sends what was acknowledged.
const [module = '', location = '', life = ''] = process.argv.slice(2);
const engine = await importEngine(module);
const store = await engine.open(location, { kinds: loadKinds });

process.on('disconnect', () => process.exit());

function acknowledge(acknowledged: Acknowledged): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(acknowledged, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

await Promise.all([
  ...Array.from({ length: lanes }, (_, lane) => commitWithoutEnd(store.records, lane, acknowledge)),
  ...documentLanes.map((lane) => writeWithoutEnd(store, lane, acknowledge)),
  makeWithoutEnd(store.documents, life, acknowledge),
]);
