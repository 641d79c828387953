import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterBound, clusters, levels } from './clusters.ts';

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

test('of several clusters it is told which one is wrong', () => {
  const right = (text: string) => {
    const reading = clusters.read(text, undefined);
    return 'right' in reading ? reading.right : undefined;
  };
  assert.equal(right('eu=/a West=/b'), `${clusters.accepts}; number 2 of 2 is not`);
  assert.equal(right('eu=/a mongodb://me:secret@db1 east=/b'), `${clusters.accepts}; number 2 of 3 is not`);
  assert.equal(right('eu=/a eu=/b'), 'one place for each cluster: eu has two');
  assert.match(right('eu=/a east=var/lib') ?? '', /^east=\/directory, or east= and mongodb:\/\/ /);
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

test('a bound is for all clusters, and for those that it names', () => {
  const value = (text: string) => {
    const reading = clusterBound.read(text, undefined);
    return 'value' in reading ? [reading.value.others, Object.fromEntries(reading.value.own)] : reading.right;
  };
  assert.deepEqual(value('5000'), [5_000, {}]);
  assert.deepEqual(value('5000,main=20000,eu=7'), [5_000, { main: 20_000, eu: 7 }]);
  assert.deepEqual(value('eu=7'), [undefined, { eu: 7 }]);
  assert.equal(value('eu=7,eu=8'), 'one number for each cluster: eu has two');
  for (const text of [
    '',
    '0',
    '5000,',
    'eu=7,5000',
    'eu=',
    'eu=0',
    '=7',
    'Eu=7',
    'eu=7=8',
    '5000, eu=7',
    '5000 eu=7',
  ]) {
    assert.equal(value(text), clusterBound.accepts, text);
  }
});
