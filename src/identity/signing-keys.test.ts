import assert from 'node:assert/strict';
import { sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { type KeySet, type KeyStore, openSigningKeys, type StoredKey } from './signing-keys.ts';

const minute = 60_000;

/** A store in memory, and a clock that the test moves. */
function place(first?: KeySet) {
  const kept = { set: first, writes: 0, fails: false, now: Date.parse('2030-01-01T00:00:00.000Z') };
  const store: KeyStore = {
    where: 'the test',
    read: async () => structuredClone(kept.set),
    async write(set) {
      if (kept.fails) throw new Error('the disk is full');
      kept.set = structuredClone(set);
      kept.writes += 1;
    },
  };
  return { kept, open: () => openSigningKeys({ store, tokenMinutes: 30, now: () => kept.now }) };
}

async function keyMadeBy(act: () => Promise<unknown>, kept: { set: KeySet | undefined }): Promise<StoredKey> {
  await act();
  const key = kept.set?.keys[0];
  assert.ok(key);
  return key;
}

test('the first start makes a key and keeps it, the next one finds it', async () => {
  const { kept, open } = place();
  const first = await open();
  assert.equal(kept.writes, 1);
  const second = await open();
  assert.equal(kept.writes, 1);
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
  const { kept, open } = place();
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
  kept.now += 31 * minute - 1;
  assert.ok(keys.publicKey(old));
  assert.deepEqual(ids(), [made, old]);
  kept.now += 1;
  assert.equal(keys.publicKey(old), undefined);
  assert.ok(keys.publicKey(made));
  assert.deepEqual(ids(), [made]);
  assert.equal((await open()).publicKey(old), undefined);
});

test('a retired key loses its private part, and a dropped one leaves the store with the next rotation', async () => {
  const { kept, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const second = await keys.rotate();
  assert.deepEqual(
    kept.set?.keys.map(({ id, jwk }) => [id, jwk.d !== undefined]),
    [
      [second, true],
      [first, false],
    ],
  );
  kept.now += 31 * minute;
  const third = await keys.rotate();
  assert.deepEqual(
    kept.set?.keys.map(({ id }) => id),
    [third, second],
  );
});

test('a second rotation does not lengthen the life of the first key', async () => {
  const { kept, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const second = await keys.rotate();
  kept.now += 20 * minute;
  await keys.rotate();
  kept.now += 11 * minute;
  assert.equal(keys.publicKey(first), undefined);
  assert.ok(keys.publicKey(second));
});

test('rotations at once are done one after the other, and lose no key', async () => {
  const { kept, open } = place();
  const keys = await open();
  const first = keys.current().id;
  const made = await Promise.all([keys.rotate(), keys.rotate(), keys.rotate()]);
  assert.deepEqual(
    kept.set?.keys.map(({ id }) => id),
    [...made.toReversed(), first],
  );
  for (const id of [first, ...made]) assert.ok(keys.publicKey(id));
});

test('a rotation that cannot be written changes nothing, and the next one works', async () => {
  const { kept, open } = place();
  const keys = await open();
  const old = keys.current().id;
  kept.fails = true;
  await assert.rejects(keys.rotate(), /the disk is full/);
  assert.equal(keys.current().id, old);
  assert.equal(keys.jwks().keys.length, 1);
  kept.fails = false;
  assert.equal(await keys.rotate(), keys.current().id);
});

test('a key that is unknown verifies nothing', async () => {
  const keys = await place().open();
  for (const id of ['', 'unknown', '__proto__']) assert.equal(keys.publicKey(id), undefined);
});

test('keys that do not belong together are refused with the name of the place, and stay as they are', async () => {
  const source = place();
  const a = await keyMadeBy(source.open, source.kept);
  const b = await keyMadeBy(async () => (await source.open()).rotate(), source.kept);
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
  ] as const) {
    const { kept, open } = place({ keys });
    await assert.rejects(open(), (error: Error) => {
      assert.match(error.message, /^the test is damaged: /);
      assert.match(error.message, message);
      assert.ok(a.jwk.d && !error.message.includes(a.jwk.d));
      return true;
    });
    assert.deepEqual(kept.set, { keys });
    assert.equal(kept.writes, 0);
  }
});
