import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldCase } from './fold-case.ts';

function* everyCharacter(): Generator<string> {
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) yield String.fromCodePoint(codePoint);
}

test('letters fold as CaseFolding.txt has it', () => {
  const pairs = {
    'STRASSE straße STRAẞE': 'strasse strasse strasse',
    ΣΊΣΥΦΟΣ: 'σίσυφοσ',
    ﬃ: 'ffi',
    'I i İ ı': 'i i i̇ ı',
    Ǆ: 'ǆ',
    ΰ: '\u03c5\u0308\u0301',
    ᾼ: 'αι',
    ꭰ: 'Ꭰ',
    'ſ K Å': 's k å',
    Ა: 'ა',
    '𐐀 𞤀': '𐐨 𞤢',
    '東京 123_-': '東京 123_-',
  };
  for (const [text, folded] of Object.entries(pairs)) assert.equal(foldCase(text), folded);
});

test('the table agrees with the case mappings of the runtime for every code point', () => {
  const differing: string[] = [];
  for (const character of everyCharacter()) {
    const folded = foldCase(character);
    const agrees =
      folded === foldCase(character.toLowerCase()) &&
      folded === foldCase(character.toUpperCase()) &&
      folded === foldCase(folded);
    if (!agrees) differing.push(character);
  }
  // Its capital is `I`, whose small letter is `i` everywhere but in Turkish.
  assert.deepEqual(differing, ['ı']);
});

test('a code point folds to another where the runtime compares them as equal without case', () => {
  for (const character of everyCharacter()) {
    const folded = foldCase(character);
    if (folded === character || folded.length !== character.length) continue;
    assert.match(folded, new RegExp(`^\\u{${character.codePointAt(0)?.toString(16)}}$`, 'iu'));
  }
});
