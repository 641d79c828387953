import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSecret, readSecret } from './secret.ts';

test('a secret is 43 characters of base64url, another one each time, and reads back as its 32 bytes', () => {
  const made = Array.from({ length: 100 }, makeSecret);
  assert.equal(new Set(made).size, made.length);
  for (const text of made) {
    assert.match(text, /^[\w-]{43}$/);
    const bytes = readSecret(text);
    assert.equal(bytes?.length, 32);
    assert.equal(bytes?.toString('base64url'), text);
  }
});

test('what is no secret is refused, however near it comes', () => {
  const right = `${'A'.repeat(42)}E`;
  assert.ok(readSecret(right));
  for (const text of [
    '',
    'A'.repeat(42),
    'A'.repeat(44),
    `${right}=`,
    ` ${right}`,
    `${right}\n`,
    `+${right.slice(1)}`,
    `/${right.slice(1)}`,
    `.${right}`,
    `é${right.slice(1)}`,
    'a secret that somebody made up at the start',
  ]) {
    assert.equal(readSecret(text), undefined, JSON.stringify(text));
  }
});

test('no second text is the same secret: the spare bits of the last character are zero', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const taken = [...alphabet].filter((last) => readSecret('A'.repeat(42) + last) !== undefined);
  assert.equal(taken.join(''), 'AEIMQUYcgkosw048');
});
