import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkName, isOrganizationId, nameKey, storedName } from './name.ts';

const ID = 'org_01jq5n6w8yf3gavr2m4x7ztk9b';

const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(...'aA1 ßẞſıİIiΣςﬃℌǰJ¨\u030c\u0308\u0345\u00a0\u0085\u2028\ufeff\t가ᄀ\ud800\udc00'),
  ),
  maxLength: 12,
});

test('a name of 3 to 50 code points is good, counted after trimming', () => {
  for (const name of ['abc', ' abc\n', 'a c', 'a'.repeat(50), `\u3000${'😀'.repeat(50)}\u3000`, '李小龍', '...']) {
    assert.equal(checkName(name), undefined, name);
  }
  for (const name of ['', 'ab', ' ab ', '\u0085\ufeffab\u2003\u00a0', '😀😀', 'a'.repeat(51), '😀'.repeat(51)]) {
    assert.equal(checkName(name), 'must be 3 to 50 characters long', name);
  }
  assert.equal(checkName('e\u0301'.repeat(26)), 'must be 3 to 50 characters long');
});

test('a name is one line without control characters', () => {
  for (const control of ['\0', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u009f', '\u2028', '\u2029']) {
    assert.equal(checkName(`ac${control}me`), 'must not contain control characters or line breaks');
  }
  assert.equal(checkName('ac\u001b'), 'must not contain control characters or line breaks');
  for (const joiner of ['\u200d', '\u200c', '\u200e']) assert.equal(checkName(`ac${joiner}me`), undefined);
});

test('a name is whole characters', () => {
  assert.equal(checkName('ac\ud800me'), 'must not contain half of a surrogate pair');
  assert.equal(checkName('acme\udc00'), 'must not contain half of a surrogate pair');
});

test('a name that is an id in any spelling is refused', () => {
  const wide = [...ID].map((letter) => (letter === '_' ? '＿' : String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)));
  for (const name of [ID, ` ${ID} `, ID.toUpperCase(), wide.join(''), ID.replace('k', 'K')]) {
    assert.equal(checkName(name), 'must not be an organization id', name);
  }
  for (const name of [
    `${ID}0`,
    ID.slice(0, -1),
    ID.replace('org', 'orh'),
    `org_8${ID.slice(5)}`,
    `org_i${ID.slice(5)}`,
  ]) {
    assert.equal(checkName(name), undefined, name);
  }
});

test('an id is org_ and 26 characters of the alphabet, the first 0 to 7', () => {
  for (const id of [ID, `org_${'0'.repeat(26)}`, `org_7${'z'.repeat(25)}`]) assert.ok(isOrganizationId(id), id);
  for (const letter of 'ilouA-é\n') assert.ok(!isOrganizationId(ID.slice(0, -1) + letter), letter);
  for (const id of ['', 'org_', `${ID}\n`, `x${ID}`, `usr${ID.slice(3)}`, `org_8${'0'.repeat(25)}`]) {
    assert.ok(!isOrganizationId(id), id);
  }
});

test('names that differ in case, width, composition or white space alone are one name', () => {
  const same: string[][] = [
    ['Acme Inc', 'ACME  INC', ' acme\u00a0inc\n', 'ＡＣＭＥ ＩＮＣ', 'acme\u0085\tinc', '\ufeffAcme Inc'],
    ['Straße', 'STRASSE', 'STRAẞE', 'ſtraſſe'],
    ['Café', 'CAFE\u0301', 'cafe\u0301'],
    ['ΣΊΣΥΦΟΣ', 'Σίσυφος', 'σίσυφοσ'],
    ['Oﬃce', 'OFFICE'],
    ['ǰan', 'J\u030cAN'],
    ['ℌans', 'hans'],
  ];
  for (const [first = '', ...others] of same) {
    for (const other of others) assert.equal(nameKey(other), nameKey(first), other);
  }
  const keys = same.map(([first = '']) => nameKey(first));
  assert.equal(new Set(keys).size, same.length);
});

test('names that differ otherwise are two names', () => {
  const names = ['acme', 'acm e', 'acme_', 'àcme', 'acmé', 'diyarbakır', 'diyarbakir', 'аcme'];
  assert.equal(new Set(names.map(nameKey)).size, names.length);
});

test('plain ASCII has the key that the long way gives it', () => {
  const plain = fc.string({ unit: fc.constantFrom(...'aZ09_-. !~@[`{'), maxLength: 20 });
  // A letter of another script makes nameKey take the long way.
  fc.assert(fc.property(plain, (name) => assert.equal(nameKey(`${name}東`), nameKey(`${name}x`).replace(/x$/, '東'))));
});

test('a key is stable: the key of a key, of a stored name and of a recomposed name is the same', () => {
  fc.assert(
    fc.property(text, (name) => {
      const key = nameKey(name);
      assert.equal(nameKey(key), key);
      assert.equal(nameKey(storedName(name)), key);
      assert.equal(nameKey(name.normalize('NFD')), key);
      assert.equal(storedName(key), key);
    }),
    { numRuns: 20_000 },
  );
});

test('the key of every single character is stable and never empty but for white space', () => {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const name = String.fromCodePoint(codePoint);
    const key = nameKey(name);
    assert.equal(nameKey(key), key);
    assert.equal(key === '', storedName(name) === '', codePoint.toString(16));
  }
});

test('a long text is judged in time that grows with it', () => {
  const blank = `a${' '.repeat(200_000)}b`;
  assert.equal(checkName(blank), 'must be 3 to 50 characters long');
  assert.equal(nameKey(`${blank}é`), 'a bé');
  assert.equal(storedName(' '.repeat(200_000)), '');
});
