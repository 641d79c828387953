import assert from 'node:assert/strict';
import { sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { testClock } from '../../test/clock.ts';
import { memoryKeyStore, openTestKeys } from '../../test/key-store.ts';
import type { KeySet, StoredKey } from './signing-keys-set.ts';

const minute = 60_000;

/** A store that one process holds, and a clock that the test moves. */
function place(set?: KeySet) {
  const clock = testClock();
  const store = memoryKeyStore(set === undefined ? {} : { set });
  return { clock, store, keysNow: () => store.kept?.set.keys ?? [], open: () => openTestKeys({ clock, store }) };
}

async function keyMadeBy(act: () => Promise<unknown>, keysNow: () => readonly StoredKey[]): Promise<StoredKey> {
  await act();
  const key = keysNow()[0];
  assert.ok(key);
  return key;
}

test('the first start makes a key and keeps it, the next one finds it', async () => {
  const { store, open } = place();
  const first = await open();
  assert.equal(store.writes, 1);
  const second = await open();
  assert.equal(store.writes, 1);
  assert.equal(second.current().id, first.current().id);
});

test('a key is named by its RFC 7638 thumbprint, and its parts are a pair', async () => {
  const keys = await place().open();
  const { id, privateKey } = keys.current();
  const [jwk] = keys.jwks().keys;
  assert.ok(jwk);
  assert.equal(await calculateJwkThumbprint(jwk), id);
  const publicKey = keys.publicKey(id);
  assert.ok(publicKey);
  const data = Buffer.from('data');
  assert.ok(verify(null, data, publicKey, sign(null, data, privateKey)));
});

test('what is published has no private part', async () => {
  const keys = await place().open();
  await keys.rotate();
  const { keys: published } = keys.jwks();
  assert.equal(published.length, 2);
  for (const jwk of published) {
    assert.deepEqual(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    assert.deepEqual([jwk.alg, jwk.crv, jwk.kty, jwk.use], ['EdDSA', 'Ed25519', 'OKP', 'sig']);
  }
});

test('after a rotation the new key signs, and the old one verifies until its tokens are over and a minute more', async () => {
  const { clock, open } = place();
  const keys = await open();
  const old = keys.current().id;
  const made = await keys.rotate();
  assert.notEqual(made, old);
  assert.equal(keys.current().id, made);
  const ids = () => keys.jwks().keys.map(({ kid }) => kid);

  for (const opened of [keys, await open()]) {
    assert.equal(opened.current().id, made);
    assert.ok(opened.publicKey(old) && opened.publicKey(made));
  }
  clock.pass(31 * minute - 1);
  assert.ok(keys.publicKey(old));
  assert.deepEqual(ids(), [made, old]);
  clock.pass(1);
  assert.equal(keys.publicKey(old), undefined);
  assert.ok(keys.publicKey(made));
  assert.deepEqual(ids(), [made]);
  assert.equal((await open()).publicKey(old), undefined);
});

test('a retired key loses its private part, and a dropped one leaves the store with the next rotation', async () => {
  const { clock, keysNow, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const second = await keys.rotate();
  assert.deepEqual(
    keysNow().map(({ id, jwk }) => [id, jwk.d !== undefined]),
    [
      [second, true],
      [first, false],
    ],
  );
  clock.pass(31 * minute);
  const third = await keys.rotate();
  assert.deepEqual(
    keysNow().map(({ id }) => id),
    [third, second],
  );
});

test('a second rotation does not lengthen the life of the first key', async () => {
  const { clock, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const second = await keys.rotate();
  clock.pass(20 * minute);
  await keys.rotate();
  clock.pass(11 * minute);
  assert.equal(keys.publicKey(first), undefined);
  assert.ok(keys.publicKey(second));
});

test('rotations at once are done one after the other, and lose no key', async () => {
  const { keysNow, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const made = await Promise.all([keys.rotate(), keys.rotate(), keys.rotate()]);
  assert.deepEqual(
    keysNow().map(({ id }) => id),
    [...made.toReversed(), first],
  );
  for (const id of [first, ...made]) assert.ok(keys.publicKey(id));
});

test('a rotation that cannot be written changes nothing, and the next one works', async () => {
  const { store, open } = place();
  const keys = await open();
  const old = keys.current().id;
  store.failure = new Error('the disk is full');
  await assert.rejects(keys.rotate(), /the disk is full/);
  assert.equal(keys.current().id, old);
  assert.equal(keys.jwks().keys.length, 1);
  store.failure = undefined;
  assert.equal(await keys.rotate(), keys.current().id);
});

test('a key that is unknown verifies nothing', async () => {
  const keys = await place().open();
  for (const id of ['', 'unknown', '__proto__']) assert.equal(keys.publicKey(id), undefined);
});

test('keys that do not belong together are refused with the name of the place, and stay as they are', async () => {
  const source = place();
  const a = await keyMadeBy(source.open, source.keysNow);
  const b = await keyMadeBy(async () => (await source.open()).rotate(), source.keysNow);
  const { d: _, ...withoutPrivate } = a.jwk;
  const retired_at = '2030-01-01T00:00:00.000Z';
  for (const [keys, message] of [
    [[], /exactly one key/],
    [[a, b], /exactly one key/],
    [[{ ...a, retired_at }], /exactly one key/],
    [[a, { ...a, retired_at }], /twice/],
    [[{ ...a, id: b.id }], /another thumbprint/],
    [[{ ...a, jwk: withoutPrivate }], /no private part/],
    [[{ ...a, jwk: { ...b.jwk, x: a.jwk.x } }], /not a pair|Invalid JWK/],
    [[{ ...a, jwk: { ...a.jwk, d: 'short' } }], /Invalid JWK/],
    [[b, { ...a, retired_at: 'yesterday' }], /no time/],
    [[{ ...a, next: true }], /exactly one key/],
    [[{ ...a, jwk: withoutPrivate, next: true }, b], /no private part/],
    [[{ ...a, next: true, retired_at }, b], /retired before it signs/],
  ] as const) {
    const { keysNow, store, open } = place({ keys });
    await assert.rejects(open(), (error: Error) => {
      assert.match(error.message, /^the test is damaged: /);
      assert.match(error.message, message);
      assert.ok(a.jwk.d && !error.message.includes(a.jwk.d));
      return true;
    });
    assert.deepEqual(keysNow(), keys);
    assert.equal(store.writes, 0);
  }
});
