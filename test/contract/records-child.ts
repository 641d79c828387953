import { importEngine } from './engine.ts';
import type { Told } from './model-history.ts';
import { modelKindList } from './model-kinds.ts';
import { type Lanes, runLanes } from './model-lanes.ts';

/** What this process sends: what the lanes tell, when it is ready, and when the lanes are at their end. */
export type FromChild = { readonly type: 'ready' } | { readonly type: 'finished' } | Told;

// A process of its own with a store, to be killed at any moment: the engine's file and the data's place are its arguments,
// the lanes that it runs come as a message.
const [module = '', location = ''] = process.argv.slice(2);
const engine = await importEngine(module);
const store = await engine.open(location, { kinds: modelKindList });

/** Resolves once the parent's end of the channel has it, so that a kill cannot take it back. */
function send(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

process.on('disconnect', () => process.exit());
process.on('message', async (lanes: Lanes) => {
  await runLanes(() => store.records, lanes, send);
  await send({ type: 'finished' });
});
await send({ type: 'ready' });
