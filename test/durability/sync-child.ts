import { writeSync } from 'node:fs';
import { defineKind, insert, replace, type Stored } from '../../src/store/records.ts';
import { importEngine } from '../contract/engine.ts';

// Run under strace: commits and makes collections, and says on standard output what was acknowledged. The marks are in the
// data, so that the trace shows which write carried them.
interface Marked extends Stored {
  readonly mark: string;
}
const marked = defineKind<Marked>()('marked', { mark: 'unique' });
const [module = '', location = ''] = process.argv.slice(2);
const engine = await importEngine(module);
const store = await engine.open(location, { kinds: [marked] });

async function acknowledge(mark: string, work: Promise<unknown>): Promise<void> {
  await work;
  writeSync(1, `acknowledged ${mark}\n`);
}

async function commitOnce(mark: string): Promise<void> {
  await acknowledge(mark, store.records.commit([insert(marked, { id: `id_${mark}`, version: 1, mark })]));
}

for (let number = 10; number < 20; number += 1) await commitOnce(`alone_${number}`);
await Promise.all(Array.from({ length: 50 }, (_, number) => commitOnce(`together_${number + 10}`)));

const record = { id: 'id_alone_10', version: 1, mark: 'replaced_10' };
await acknowledge('replaced_10', store.records.commit([replace(marked, record)]));

const place = await store.documents.assignPlace();
await acknowledge('org_made_10', store.documents.makeCollection(place, 'org_made_10'));
await store.close();
