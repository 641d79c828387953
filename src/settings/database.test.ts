import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { databaseName, databaseUrl, secret, shownDatabaseUrl } from './database.ts';
import type { Kind } from './kinds.ts';

function isRight(kind: Kind<string>, text: string): boolean {
  const reading = kind.read(text, 'production');
  if ('value' in reading) assert.equal(reading.value, text);
  return 'value' in reading;
}

function rightFor(kind: Kind<string>, text: string): string {
  const reading = kind.read(text, 'production');
  return 'right' in reading ? reading.right : '';
}

test('an address of a MongoDB is taken in every form that its manual has, and shown without user, password and options', () => {
  for (const [text, shown] of [
    ['mongodb://localhost', 'mongodb://localhost'],
    ['mongodb://127.0.0.1:27017/', 'mongodb://127.0.0.1:27017'],
    ['mongodb://[::1]:27017,[fe80::1]/?replicaSet=rs0', 'mongodb://[::1]:27017,[fe80::1]'],
    ['mongodb+srv://me:word@cluster0.example.net/?tls=true&appName=x', 'mongodb+srv://***@cluster0.example.net'],
    ['mongodb://me@db1,db2:27018,db3', 'mongodb://***@db1,db2:27018,db3'],
    ['mongodb://me:p%40ss%2Fword%25:~!$&()*+,;=@db1/admin', 'mongodb://***@db1'],
    ['mongodb://db1?tlsCertificateKeyFilePassword=word', 'mongodb://db1'],
    ['mongodb://%2Ftmp%2Fmongodb-27017.sock', 'mongodb://%2Ftmp%2Fmongodb-27017.sock'],
  ] as const) {
    assert.equal(isRight(databaseUrl, text), true, text);
    assert.equal(shownDatabaseUrl(text), shown);
  }
  assert.equal(shownDatabaseUrl('me:word@db1'), '//***');
});

test('an address without a host, with an empty one, a space or a wrong port is refused', () => {
  for (const text of [
    'mongodb',
    'localhost:27017',
    'mongodb:localhost',
    'mongodb://',
    'mongodb:///name',
    'mongodb://me:word@',
    'mongodb://@db1',
    'mongodb://db1,',
    'mongodb://db1,,db2',
    'mongodb://db1, db2',
    ' mongodb://db1',
    'mongodb://db1\n',
    'mongodb://db1:port',
    'mongodb://db1:',
    'mongodb://::1',
    'mongodb://db1#x',
    'MONGODB://db1',
  ]) {
    assert.equal(isRight(databaseUrl, text), false, text);
  }
});

test('another scheme is refused with those that are known', () => {
  for (const scheme of ['postgres', 'postgresql', 'http', 'mongodb+tls']) {
    const right = rightFor(databaseUrl, `${scheme}://me:word@db1/name`);
    assert.match(right, /^mongodb:\/\/ or mongodb\+srv:\/\/,/);
    assert.ok(right.endsWith(`; ${scheme}:// is of no database that is known here`), right);
  }
});

test('a password that is not escaped is refused with how it is written, and no part of it is told or taken for a host', () => {
  for (const password of ['a/b', '12/b', '12?b', 'a@b', 'a#b', 'a[b', 'a%b', 'a b']) {
    const right = rightFor(databaseUrl, `mongodb://me:${password}@db1/name`);
    assert.match(right, /user and password : .* written as %3A/, password);
    assert.ok(!right.includes(password), password);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (user, password) => {
      const text = `mongodb://Zq${user}:Zq${password}Zq@db1/name`;
      assert.equal(isRight(databaseUrl, text) ? shownDatabaseUrl(text) : 'mongodb://***@db1', 'mongodb://***@db1');
      const escaped = `mongodb://${encodeURIComponent(`a${user}`)}:${encodeURIComponent(password)}@db1`;
      assert.equal(isRight(databaseUrl, escaped), true, escaped);
    }),
  );
});

test("a database's name is one that MongoDB takes everywhere, and none of its own", () => {
  for (const text of ['master_db', 'a', 'Tenantry-2', 'é', 'n'.repeat(63), 'administration']) {
    assert.equal(isRight(databaseName, text), true, text);
  }
  const refused = [...'/\\. "$*<>:|?\0\t'].map((character) => `a${character}b`);
  for (const text of [...refused, '', 'n'.repeat(64), 'é'.repeat(32), 'admin', 'Local', 'CONFIG']) {
    assert.equal(isRight(databaseName, text), false, text);
  }
});

test('a secret is 32 bytes as base64url, in the one way in which they are written', () => {
  for (let round = 0; round < 100; round++) {
    assert.equal(isRight(secret, randomBytes(32).toString('base64url')), true);
  }
  const sample = 'q'.repeat(42);
  for (const text of [sample, `${sample}qA`, `${sample}A=`, `${sample}B`, `+${sample.slice(1)}A`, ` ${sample}`]) {
    assert.equal(isRight(secret, text), false, text);
  }
  assert.match(secret.accepts, /npm run tenantry -- secret/);
});
