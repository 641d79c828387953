import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directAddresses, replicaSetIn, shownAddress, withoutCredentials } from './address.ts';

test('an address is shown by its hosts, without user, password, database and options', () => {
  assert.equal(shownAddress('mongodb://me:pass@one:27017,two/admin?tls=true'), 'mongodb://one:27017,two');
  assert.equal(shownAddress('mongodb://me:p@ss/w@one/?x=1'), 'mongodb://one');
  assert.equal(shownAddress('mongodb+srv://me:word@cluster.example.com'), 'mongodb+srv://cluster.example.com');
  assert.equal(shownAddress('mongodb://127.0.0.1:27017/?replicaSet=rs0'), 'mongodb://127.0.0.1:27017');
});

test('each host of an address has one of its own, with the same user, password and way to it', () => {
  assert.deepEqual(
    directAddresses('mongodb://me:p%40ss@one:27017,two/admin?replicaSet=rs0&tls=true&DirectConnection=false'),
    [
      'mongodb://me:p%40ss@one:27017/admin?tls=true&directConnection=true',
      'mongodb://me:p%40ss@two/admin?tls=true&directConnection=true',
    ],
  );
  assert.deepEqual(directAddresses('mongodb://one'), ['mongodb://one/?directConnection=true']);
  assert.deepEqual(directAddresses('mongodb+srv://cluster.example.com/?tls=true'), []);
  assert.equal(replicaSetIn('mongodb://one/?tls=true&replicaset=rs%200'), 'rs%200');
  assert.equal(replicaSetIn('mongodb://one/admin'), undefined);
});

test('nothing of the credentials is left in a text, neither as they are written nor as they are meant', () => {
  const url = 'mongodb://someone:s%40cret%2F@one/';
  const text = 'someone may not: s@cret/ is not s%40cret%2F, at mongodb://someone:s%40cret%2F@one/';
  assert.equal(withoutCredentials(text, url), '*** may not: *** is not ***, at mongodb://***@one/');
  assert.equal(withoutCredentials('a text', 'mongodb://one/'), 'a text');
  assert.equal(withoutCredentials('no such command', 'mongodb://u:word@one/'), 'for a reason that is not shown');
  assert.equal(withoutCredentials('it failed', 'mongodb://u:word@one/'), 'it failed');
  assert.equal(withoutCredentials('it is %zz', 'mongodb://me:%zz@one/'), 'it is ***');
});
