import { writeSync } from 'node:fs';
import { typeid } from 'typeid-js';
import type { DocumentChange, StoredDocument } from '../../src/store/documents.ts';
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

function documentOf(id: string, members: string): StoredDocument {
  return { id, version: 1, created_at: undefined, updated_at: undefined, members };
}

async function commitOnce(mark: string): Promise<void> {
  await acknowledge(mark, store.records.commit([insert(marked, { id: `id_${mark}`, version: 1, mark })]));
}

for (let number = 10; number < 20; number += 1) await commitOnce(`alone_${number}`);
await Promise.all(Array.from({ length: 50 }, (_, number) => commitOnce(`together_${number + 10}`)));

const record = { id: 'id_alone_10', version: 1, mark: 'replaced_10' };
await acknowledge('replaced_10', store.records.commit([replace(marked, record)]));

const organization = typeid('org').toString();
const cluster = await engine.openCluster(location, 'east');
for (const [documents, level] of [
  [store.documents, 'collection'],
  [store.documents, 'pooled'],
  [store.documents, 'database'],
  [cluster.documents, 'cluster'],
] as const) {
  const assigned = await documents.assignPlace(level, organization);
  const place = { ...assigned, level, organization, collection_name: `org_made_${level}`, epoch: 1 };
  const making = documents.makeCollection(place);
  // Its name is nowhere in the data where others share the table.
  await (level === 'pooled' ? making : acknowledge(place.collection_name, making));
  const write = (change: DocumentChange) =>
    documents.write(place, { collection: 'default', changes: [change], quota: {} }, performance.now() + 30_000);
  const inserted = documentOf(`inserted_${level}`, '{}');
  await acknowledge(inserted.id, write({ op: 'insert', document: inserted }));
  const replaced = documentOf(inserted.id, `{"mark":"replaced_${level}"}`);
  await acknowledge(
    `replaced_${level}`,
    write({ op: 'replace', before: inserted, document: { ...replaced, version: 2 } }),
  );
}
await cluster.close();
await store.close();
