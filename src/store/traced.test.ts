import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignTenant } from '../../test/contract/documents-tenants.ts';
import { engine } from '../../test/contract/embedded.ts';
import { openGround } from '../../test/contract/ground.ts';
import { note, notes } from '../../test/contract/kinds.ts';
import type { SpanAttributes, Tracer } from '../tracing.ts';
import { insert } from './records.ts';
import { traceDocuments } from './traced-documents.ts';
import { traceRecords } from './traced-records.ts';

/** A tracer that writes down what is told of each call. */
function writtenDown() {
  const calls: { readonly name: string; readonly attributes: SpanAttributes }[] = [];
  const tracer: Tracer = {
    begin() {
      throw new Error('a port is called within what began');
    },
    async call(name, attributes, work) {
      let all = attributes;
      const result = await work((more) => {
        all = { ...all, ...more };
      });
      calls.push({ name, attributes: all });
      return result;
    },
  };
  return { tracer, calls };
}

test('each call of records is told by its operation and kind, and is the call of the engine', async () => {
  await using ground = await openGround(engine);
  const { tracer, calls } = writtenDown();
  const records = traceRecords(ground.records, tracer, 'sqlite');
  const one = note('S3cret-1', { slug: 'S3cret', topic: 'S3cret' });
  const other = note('S3cret-2', { slug: 'other', topic: one.id });
  assert.deepEqual(await records.commit([insert(notes, one), insert(notes, other)]), { result: 'done' });
  assert.equal((await records.commit([insert(notes, one)], performance.now() + 5_000)).result, 'duplicate');
  assert.deepEqual(await records.get(notes, one.id), one);
  assert.deepEqual(await records.getMany(notes, [other.id, one.id]), [other, one]);
  assert.deepEqual(await records.find(notes, 'slug', 'S3cret'), one);
  assert.deepEqual(await records.findJoined(notes, 'slug', 'other', { member: 'topic', kind: notes }), [other, one]);
  assert.deepEqual(await records.list(notes, 'topic', { prefix: one.id, limit: 1 }), [other]);
  const reading = (operation: string) => ({
    name: `records.${operation}`,
    attributes: { 'db.system.name': 'sqlite', 'db.operation.name': operation, 'db.collection.name': 'notes' },
  });
  const committing = (changes: number, result: string) => ({
    name: 'records.commit',
    attributes: {
      'db.system.name': 'sqlite',
      'db.operation.name': 'commit',
      'tenantry.changes': changes,
      'tenantry.result': result,
    },
  });
  assert.deepEqual(calls, [
    committing(2, 'done'),
    committing(1, 'duplicate'),
    ...['get', 'getMany', 'find', 'findJoined', 'list'].map(reading),
  ]);
});

test('each call of documents is told by its operation, its cluster and whose they are, and is the call of the engine', async () => {
  await using ground = await openGround(engine);
  const { tracer, calls } = writtenDown();
  const documents = traceDocuments(ground.documents, tracer, (cluster) => (cluster === 'main' ? 'sqlite' : undefined));
  const assigned = await assignTenant(ground.documents, { level: 'pooled', collection_name: 'org_secret' });
  const place = { ...assigned, cluster: 'main' };
  const end = performance.now() + 5_000;
  const time = '2026-11-24T08:00:22.573Z';
  const document = { id: 'S3cret', version: 1, created_at: time, updated_at: time, members: '{"a":1}' };
  const write = { collection: 'S3cret', changes: [{ op: 'insert', document }], quota: {} } as const;
  await documents.makeCollection(place);
  assert.equal(await documents.hasCollection(place, 'S3cret'), await ground.documents.hasCollection(place, 'S3cret'));
  assert.deepEqual(await documents.write(place, write, end), { result: 'done' });
  assert.deepEqual(await documents.write(place, write, end), { result: 'exists', change: 0 });
  assert.deepEqual(
    await documents.getMany(place, 'S3cret', ['S3cret']),
    await ground.documents.getMany(place, 'S3cret', ['S3cret']),
  );
  const range = { direction: 'ascending', limit: 1, bytes: 1_000 } as const;
  assert.deepEqual(
    (await documents.list(place, 'S3cret', range)).documents.map(({ id }) => id),
    ['S3cret'],
  );
  assert.deepEqual(await documents.usage(place, 'S3cret'), { documents: 1, bytes: 7 });
  assert.equal(await documents.kept(place, 'S3cret'), undefined);
  assert.deepEqual((await documents.recount(place)).counted, { documents: 1, bytes: 7 });
  assert.equal(await documents.removeSome(place, 'S3cret', 10, end), 1);
  await documents.forgetCollection(place, 'S3cret');
  assert.equal(await documents.hasRemains(place, 'S3cret'), false);
  await documents.dropRemains(place, 'S3cret');
  await documents.raiseEpoch({ ...place, epoch: place.epoch + 1 });
  assert.deepEqual(await documents.dropCollection(place), { documents: 0, bytes: 0 });
  await documents.forgetKept(new Date(), AbortSignal.timeout(5_000));
  const told = calls.map(({ name, attributes: { 'db.operation.name': operation, ...attributes } }) => {
    assert.equal(name, `documents.${operation}`);
    const { 'tenantry.changes': changes, 'tenantry.result': result, ...about } = attributes;
    assert.deepEqual(about, {
      'db.system.name': 'sqlite',
      'tenantry.cluster': 'main',
      'tenantry.organization': place.organization,
      'tenantry.level': 'pooled',
    });
    return [operation, changes, result].filter((each) => each !== undefined).join(' ');
  });
  assert.deepEqual(told, [
    'makeCollection',
    'hasCollection',
    'write 1 done',
    'write 1 exists',
    'getMany',
    'list',
    'usage',
    'kept',
    'recount',
    'removeSome',
    'forgetCollection',
    'hasRemains',
    'dropRemains',
    'raiseEpoch',
    'dropCollection',
  ]);
});
