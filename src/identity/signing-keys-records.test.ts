import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testClock } from '../../test/clock.ts';
import type { Engine } from '../../test/contract/engine.ts';
import { engines } from '../../test/engines.ts';
import { openTestKeys } from '../../test/key-store.ts';
import { StartError, TenantryError } from '../errors.ts';
import { type Records, remove, replace } from '../store/records.ts';
import { makeSecret, readSecret } from './secret.ts';
import { type SigningKeysRecord, signingKeysKind, signingKeysRecords } from './signing-keys-records.ts';

function newSecret(): Buffer {
  const secret = readSecret(makeSecret());
  assert.ok(secret);
  return secret;
}

async function recordIn(records: Records): Promise<SigningKeysRecord> {
  const record = await records.get(signingKeysKind, 'signing_keys');
  assert.ok(record);
  return record;
}

/** Lets time pass until a rotation is done. */
async function rotate(keys: Awaited<ReturnType<typeof openTestKeys>>, clock: ReturnType<typeof testClock>) {
  const rotation = keys.rotate();
  await clock.whenWaiting();
  clock.pass(3_000);
  return await rotation;
}

/** Runs with as many instances as an engine has, on data of their own. */
async function onEngine(engine: Engine, act: (instances: readonly Records[]) => Promise<void>): Promise<void> {
  const location = await engine.create();
  const stores = [];
  try {
    for (let each = 0; each < engine.instances; each += 1) {
      stores.push(await engine.open(location, { kinds: [signingKeysKind] }));
    }
    await act(stores.map(({ records }) => records));
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    await engine.destroy(location);
  }
}

for (const engine of engines) {
  describe(`signing keys as a record: ${engine.name}`, () => {
    test('ten instances that start together make one key', () =>
      onEngine(engine, async (instances) => {
        const secret = newSecret();
        const stores = Array.from({ length: 10 }, (_, place) => {
          const records = instances[place % instances.length];
          assert.ok(records);
          return { records, store: signingKeysRecords(records, secret) };
        });
        const opened = await Promise.all(stores.map(({ store }) => openTestKeys({ store })));
        assert.equal(new Set(opened.map((keys) => keys.current().id)).size, 1);
        for (const { records } of stores) assert.equal((await recordIn(records)).version, 1);
      }));

    test('a rotation reaches who reads, and is there after a restart', () =>
      onEngine(engine, async ([records, other = records]) => {
        assert.ok(records && other);
        const secret = newSecret();
        const clock = testClock();
        const keys = await openTestKeys({ clock, store: signingKeysRecords(records, secret) });
        const others = await openTestKeys({ clock, store: signingKeysRecords(other, secret) });
        const first = keys.current().id;
        const made = await rotate(keys, clock);
        await others.learn();
        for (const known of [keys, others, await openTestKeys({ store: signingKeysRecords(other, secret) })]) {
          assert.equal(known.current().id, made);
          assert.ok(known.publicKey(first));
        }
        assert.equal((await recordIn(records)).version, 3);
      }));

    test('the record shows nothing of the keys, and never the same twice', () =>
      onEngine(engine, async ([records]) => {
        assert.ok(records);
        const clock = testClock();
        const secret = newSecret();
        const keys = await openTestKeys({ clock, store: signingKeysRecords(records, secret) });
        const texts = [(await recordIn(records)).set];
        const secrets = [keys.current().privateKey.export({ format: 'jwk' }).d];
        await rotate(keys, clock);
        texts.push((await recordIn(records)).set);
        secrets.push(keys.current().privateKey.export({ format: 'jwk' }).d);
        for (const text of texts) {
          assert.deepEqual(JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString()), {
            alg: 'dir',
            enc: 'A256GCM',
          });
          const decoded = text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
          for (const hidden of [...secrets, secret.toString('base64url'), 'Ed25519', 'keys']) {
            assert.ok(hidden !== undefined && !text.includes(hidden) && !decoded.join().includes(hidden));
          }
        }
        assert.notEqual(texts[0]?.split('.')[2], texts[1]?.split('.')[2]);
      }));

    test('another secret is told at the start, and changes nothing', () =>
      onEngine(engine, async ([records]) => {
        assert.ok(records);
        const [right, wrong] = [newSecret(), newSecret()];
        const { id } = (await openTestKeys({ store: signingKeysRecords(records, right) })).current();
        const before = await recordIn(records);
        await assert.rejects(openTestKeys({ store: signingKeysRecords(records, wrong) }), (error) => {
          assert.ok(error instanceof StartError);
          assert.equal(error.exitCode, 78);
          assert.match(error.message, /^TENANTRY_SECRET is not the secret of this database: .*Nothing was changed\.$/);
          return true;
        });
        assert.deepEqual(await recordIn(records), before);
        assert.equal((await openTestKeys({ store: signingKeysRecords(records, right) })).current().id, id);
      }));

    test('a record that is damaged is refused, and stays as it is', () =>
      onEngine(engine, async ([records]) => {
        assert.ok(records);
        const store = signingKeysRecords(records, newSecret());
        await openTestKeys({ store });
        const { set } = await recordIn(records);
        for (const text of ['', 'nonsense', set.slice(set.indexOf('.'))]) {
          const damaged: SigningKeysRecord = { ...(await recordIn(records)), set: text };
          assert.deepEqual(await records.commit([replace(signingKeysKind, damaged)]), { result: 'done' });
          const before = await recordIn(records);
          await assert.rejects(openTestKeys({ store }), (error) => {
            assert.ok(error instanceof TenantryError && error.code === 'storage_unavailable');
            assert.match(error.message, /^The record of the signing keys in the master database is damaged: /);
            return true;
          });
          assert.deepEqual(await recordIn(records), before);
        }
      }));

    test('where the record was removed and made anew, the old keys are dead for everybody who reads', () =>
      onEngine(engine, async ([records]) => {
        assert.ok(records);
        const secret = newSecret();
        const clock = testClock();
        const keys = await openTestKeys({ clock, store: signingKeysRecords(records, secret) });
        const old = keys.current().id;
        await records.commit([remove(signingKeysKind, await recordIn(records))]);
        clock.pass(1_000);
        await assert.rejects(keys.learn(), { code: 'storage_unavailable' });
        assert.equal(keys.current().id, old);
        const made = await openTestKeys({ store: signingKeysRecords(records, secret) });
        clock.pass(1_000);
        await keys.learn();
        assert.equal(keys.current().id, made.current().id);
        assert.equal(keys.publicKey(old), undefined);
      }));
  });
}
