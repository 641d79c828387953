import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readDotenv } from './dotenv.ts';

test('the lines of a well-formed file are read, whatever way they are written', () => {
  const text = [
    '\uFEFF# a comment',
    '',
    'PLAIN=value',
    '  export SPACED = a value # with a comment',
    'EMPTY=',
    'ALSO_EMPTY= # a comment',
    'QUOTED="a # in quotes" # a comment',
    'SINGLE=\'it said "so"\'',
    'LONG="first',
    'not = an assignment',
    'last"',
    'with.dots-and-dashes=1',
  ].join('\r\n');
  assert.deepEqual(readDotenv(text), {
    values: {
      PLAIN: 'value',
      SPACED: 'a value',
      EMPTY: '',
      ALSO_EMPTY: '',
      QUOTED: 'a # in quotes',
      SINGLE: 'it said "so"',
      LONG: 'first\nnot = an assignment\nlast',
      'with.dots-and-dashes': '1',
    },
    wrong: [],
  });
});

test('what the parser would pass over or cut is told with its line, and without what stands there', () => {
  const { wrong } = readDotenv('A=1\nsecret words\n=secret\nB="secret\nC=sec#ret\nLONG="x\ny"\nA=2\nD: secret');
  assert.deepEqual(
    wrong.map(({ line }) => line),
    [2, 3, 4, 5, 8, 9],
  );
  assert.doesNotMatch(JSON.stringify(wrong), /sec/);
});

test('every value that can be quoted is read back as it was written', () => {
  const entry = fc.record({
    name: fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/),
    value: fc.string({ unit: fc.constantFrom('a', ' ', '#', '=', '"', '\n', 'é', '$') }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name }), (entries) => {
      const text = entries.map(({ name, value }) => `${name}='${value}'\n`).join('');
      const { values, wrong } = readDotenv(text);
      assert.deepEqual(wrong, []);
      assert.deepEqual({ ...values }, Object.fromEntries(entries.map(({ name, value }) => [name, value])));
    }),
  );
});

test('a file with nothing wrong gives as many values as it has assignments outside of quotes', () => {
  const line = fc.string({ unit: fc.constantFrom('A', 'B', '=', ' ', '#', '"', "'", '\n'), maxLength: 30 });
  fc.assert(
    fc.property(line, (text) => {
      const { values, wrong } = readDotenv(text);
      if (wrong.length === 0 && !/["']/.test(text)) {
        const assignments = text.split('\n').filter((each) => !/^\s*(#|$)/.test(each));
        assert.equal(Object.keys(values).length, assignments.length);
      }
    }),
    { numRuns: 2_000 },
  );
});
