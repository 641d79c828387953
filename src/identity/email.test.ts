import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkEmail, emailKey } from './email.ts';

test('an email of the form local@domain is taken', () => {
  for (const email of [
    'ada@example.com',
    'Ada.Lovelace+org@Example.co.uk',
    "!#$%&'*+/=?^_`{|}~-.@x",
    'root@localhost',
    `a@${'b'.repeat(63)}.c`,
    '..@a-b.c',
  ]) {
    assert.equal(checkEmail(email), undefined, email);
  }
});

test('what HTML5 does not take as an email is refused, spaces, control characters and other scripts among it', () => {
  for (const email of [
    '',
    '@',
    'ada',
    'ada@',
    '@example.com',
    'a@b@c',
    ' ada@example.com',
    'ada@example.com ',
    'ada@example.com\n',
    'a\tda@example.com',
    'ada\u0000@example.com',
    'ada@example.com\u0000',
    'ada@-example.com',
    'ada@example-.com',
    'ada@example..com',
    'ada@example.com.',
    'ada@exam_ple.com',
    `a@${'b'.repeat(64)}.c`,
    'ada@[127.0.0.1]',
    '"ada"@example.com',
    'Ada <ada@example.com>',
    'adä@example.com',
    'ada@exämple.com',
    '\uFF41da@example.com', // a full-width letter
    '\u212Aelvin@example.com', // the Kelvin sign, whose lower case is k
  ]) {
    assert.ok(checkEmail(email), JSON.stringify(email));
  }
});

test('an email has at most 254 characters', () => {
  const domain = '@example.com';
  assert.equal(checkEmail('a'.repeat(254 - domain.length) + domain), undefined);
  assert.match(checkEmail('a'.repeat(255 - domain.length) + domain) ?? '', /254/);
});

test('emails that differ in case alone have one key', () => {
  assert.equal(emailKey('Ada@EXAMPLE.com'), emailKey('aDA@example.COM'));
  assert.notEqual(emailKey('ada@example.com'), emailKey('ida@example.com'));
});

test('an email that is taken is ASCII, so that its lower case is its full case folding', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.emailAddress(),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }).map((s) => `${s}@x.y`),
      ),
      (email) => {
        fc.pre(checkEmail(email) === undefined);
        assert.match(email, /^[!-~]+$/);
        assert.equal(emailKey(email), emailKey(email.toUpperCase()));
      },
    ),
  );
});
