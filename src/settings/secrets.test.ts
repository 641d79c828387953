import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { wrongIn } from '../../test/wrong-settings.ts';
import { readSettings } from '../settings.ts';
import { table } from './table.ts';

const secret = Buffer.alloc(32, 7).toString('base64url');

test('a database needs a secret: without one, or with a wrong one, that is in the list beside what else is wrong', () => {
  const right = table.SECRET.kind.accepts;
  const without = wrongIn({ TENANTRY_DATABASE_URL: 'mongodb://db1', TENANTRY_SECRET: '', TENANTRY_PORT: 'x' });
  assert.deepEqual(Object.keys(without), ['TENANTRY_PORT', 'TENANTRY_SECRET']);
  assert.deepEqual(without['TENANTRY_SECRET'], {
    name: 'TENANTRY_SECRET',
    found: 'is not set',
    right: `must be ${right} where TENANTRY_DATABASE_URL is set`,
  });
  assert.deepEqual(wrongIn({ TENANTRY_SECRET: 'short' }, 'TENANTRY_DATABASE_URL=mongodb://db1\n'), {
    TENANTRY_SECRET: { name: 'TENANTRY_SECRET', found: 'has 5 characters (environment)', right: `must be ${right}` },
  });
  const { settings } = readSettings({ TENANTRY_SECRET: secret }, 'TENANTRY_DATABASE_URL=mongodb://me:word@db1/\n');
  assert.deepEqual([settings.DATABASE_URL, settings.SECRET], ['mongodb://me:word@db1/', secret]);
});

test('the operator has a token of their own: one that the metrics have too is told, and not shown', () => {
  const token = 'x'.repeat(32);
  const wrong = wrongIn({ TENANTRY_OPERATOR_TOKEN: token, TENANTRY_METRICS_TOKEN: token });
  assert.deepEqual(Object.keys(wrong), ['TENANTRY_OPERATOR_TOKEN']);
  assert.match(JSON.stringify(wrong), /is that of TENANTRY_METRICS_TOKEN/);
  assert.ok(!JSON.stringify(wrong).includes(token));
  assert.deepEqual(wrongIn({ TENANTRY_OPERATOR_TOKEN: token, TENANTRY_METRICS_TOKEN: 'y'.repeat(32) }), {});
});

test('a secret without a database is told: an instance that lost its address would take calls on an empty store', () => {
  const wrong = wrongIn({ TENANTRY_SECRET: secret });
  assert.deepEqual(wrong, {
    TENANTRY_DATABASE_URL: {
      name: 'TENANTRY_DATABASE_URL',
      found: 'is not set',
      right: `must be ${table.DATABASE_URL.kind.accepts} where TENANTRY_SECRET is set`,
    },
  });
});

test('a wrong address of a database is told by its length alone, for its password cannot be told from the rest', () => {
  for (const text of ['mongodb://me:hid/den@db1', 'mongodb://me:hidden', 'postgres://me:hidden@db1']) {
    const { found, right = '' } = wrongIn({ TENANTRY_DATABASE_URL: text })['TENANTRY_DATABASE_URL'] ?? {};
    assert.equal(found, `has ${text.length} characters (environment)`);
    assert.doesNotMatch(right, /me:|hid|den/);
  }
});

test("a URL's user and password are not told, whatever stands in them", () => {
  const told = (url: string) => wrongIn({ TENANTRY_DATABASE_NAME: url })['TENANTRY_DATABASE_NAME']?.found;
  for (const user of ['me', 'me:word', 'me:wo/rd', 'me:wo@rd', 'me:w//o@/r@d', 'me:wo\nrd', 'me:wo?r#d']) {
    assert.equal(told(`https://${user}@example.com`), 'is "https://***@example.com" (environment)');
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (password) => {
      assert.equal(told(`https://Zq${password}Zq@example.com`), 'is "https://***@example.com" (environment)');
    }),
  );
});
