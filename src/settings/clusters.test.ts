import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusters, levels } from './clusters.ts';

test('clusters are read by their names, each with an address or a directory', () => {
  const text = ' eu=mongodb://me:p%40ss@db1,db2/?replicaSet=rs0\n  east=/var/lib//tenantry/east ';
  assert.deepEqual(clusters.read(text, undefined), {
    value: [
      { name: 'eu', location: { url: 'mongodb://me:p%40ss@db1,db2/?replicaSet=rs0' } },
      { name: 'east', location: { directory: '/var/lib/tenantry/east' } },
    ],
  });
});

test('what is no cluster is refused, without what stands there', () => {
  const wrong = [
    'eu',
    '=mongodb://db1',
    'main=/var/lib/main',
    'Eu=/a',
    'eu=relative',
    'eu=postgres://secret@db1',
    'eu=/a eu=/b',
    `${'e'.repeat(33)}=/a`,
    ' ',
  ];
  for (const text of wrong) {
    const reading = clusters.read(text, undefined);
    assert.ok('right' in reading && !reading.right.includes('secret'), text);
  }
});

test('a level is one word, or one with pooled as the way out', () => {
  const value = (text: string) => {
    const reading = levels.read(text, undefined);
    return 'value' in reading ? reading.value : undefined;
  };
  assert.deepEqual(value('pooled'), ['pooled']);
  assert.deepEqual(value('cluster'), ['cluster']);
  assert.deepEqual(value('collection,pooled'), ['collection', 'pooled']);
  for (const text of ['', 'pooled,pooled', 'pooled,collection', 'collection,database', 'collection,', 'Collection']) {
    assert.equal(value(text), undefined, text);
  }
});
