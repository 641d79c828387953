import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearerToken } from './bearer.ts';

function requestWith(...authorizations: string[]): { rawHeaders: string[] } {
  return { rawHeaders: ['Host', 'Authorization', ...authorizations.flatMap((each) => ['aUthorization', each])] };
}

test('the scheme is read in any letters', () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    assert.equal(bearerToken(requestWith(`${scheme} a.b-c_d~e+f/g==`)), 'a.b-c_d~e+f/g==');
  }
  assert.equal(bearerToken(requestWith('Bearer   abc  ')), 'abc');
});

test('anything else is no token', () => {
  for (const text of [
    '',
    'Bearer',
    'Bearer ',
    'Basic abc',
    'abc',
    'Bearerabc',
    'Bearer a b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer =',
    'Bearer a, Bearer b',
  ]) {
    assert.equal(bearerToken(requestWith(text)), undefined, text);
  }
  assert.equal(bearerToken(requestWith()), undefined);
});

test('of several Authorization header fields none is taken', () => {
  assert.equal(bearerToken(requestWith('Bearer abc', 'Bearer abc')), undefined);
});
