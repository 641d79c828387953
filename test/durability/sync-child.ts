import { writeSync } from 'node:fs';
import { typeid } from 'typeid-js';
import { defineKind, insert, replace, type Stored } from '../../src/store/records.ts';
import { importEngine } from '../contract/engine.ts';

// Run under strace: commits, makes collections and writes documents, and says on standard output what was acknowledged. The marks are in the
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

const organization = typeid('org').toString();
for (const level of ['collection', 'pooled', 'database'] as const) {
  const assigned = await store.documents.assignPlace(level, organization);
  const place = { ...assigned, level, organization, collection_name: `org_made_${level}`, epoch: 1 };
  const making = store.documents.makeCollection(place);
  // Its name is nowhere in the data where others share the table.
  await (level === 'pooled' ? making : acknowledge(place.collection_name, making));
  const document = { id: `written_${level}`, version: 1, created_at: undefined, updated_at: undefined, members: '{}' };
  const write = { collection: 'default', changes: [{ op: 'insert', document } as const], quota: {} };
  await acknowledge(document.id, store.documents.write(place, write, performance.now() + 30_000));
}
await store.close();
