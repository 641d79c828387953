import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLoopback, limitKey, plainAddress } from './address.ts';

test('an address is told in one spelling', () => {
  const spellings: Record<string, string> = {
    '192.0.2.1': '192.0.2.1',
    '::ffff:192.0.2.1': '192.0.2.1',
    '::FFFF:c000:201': '192.0.2.1',
    '0:0:0:0:0:ffff:192.0.2.1': '192.0.2.1',
    '192.0.2.1:8080': '192.0.2.1',
    '[2001:db8::1]:8080': '2001:db8::1',
    '[2001:db8::1]': '2001:db8::1',
    '2001:0DB8:0:0:0:0:0:1': '2001:db8::1',
    'fe80::1%eth0': 'fe80::1',
    '::1': '::1',
  };
  for (const [given, plain] of Object.entries(spellings)) assert.equal(plainAddress(given), plain);
});

test('what is no address is told as unknown, so that it cannot be chosen to be counted apart', () => {
  for (const given of [
    undefined,
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '"1.2.3.4"',
    '[::1',
    ':8080',
    'x'.repeat(9_999),
  ]) {
    assert.equal(plainAddress(given), 'unknown');
    assert.equal(limitKey(given), 'unknown');
  }
});

test('an IPv6 address is counted by the first half of its bits, an IPv4 address by all', () => {
  assert.equal(limitKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(limitKey('2001:db8:0:1:2:3:4:5'), '2001:db8:0:1::/64');
  assert.equal(limitKey('::1'), '0:0:0:0::/64');
  assert.equal(limitKey('1:2:3::'), '1:2:3:0::/64');
  assert.equal(limitKey('::ffff:192.0.2.1'), '192.0.2.1');
});

test('two IPv6 addresses share a key if, and only if, they share their /64', () => {
  const half = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 4, maxLength: 4 });
  const spell = (groups: number[]) => groups.map((group) => group.toString(16)).join(':');
  fc.assert(
    fc.property(half, half, half, half, (front, back, otherFront, otherBack) => {
      // ::ffff:0:0/96 is IPv4.
      fc.pre([front, otherFront].every((groups) => groups.some((group) => group > 0)));
      const key = limitKey(`${spell(front)}:${spell(back)}`);
      assert.equal(limitKey(`${spell(front)}:${spell(otherBack)}`), key);
      assert.equal(limitKey(`${spell(otherFront)}:${spell(back)}`) === key, spell(front) === spell(otherFront));
    }),
  );
});

test('a host is loopback if, and only if, nothing but this machine reaches it', () => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.8.8.8',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '127.example.com',
    '127.0.0.999',
    'localhost.example.com',
    '',
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});
