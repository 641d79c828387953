import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ScanFault, scanJson } from './json-scan.ts';

/** The slow and obvious scan: a recursive parser of valid JSON that notes the first fault. */
function referenceScan(text: string): ScanFault | undefined {
  let at = 0;
  let found: ScanFault | undefined;
  const note = (fault: ScanFault): void => {
    found ??= fault;
  };
  const space = (): void => {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at++;
  };
  const string = (): string => {
    const start = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    return JSON.parse(text.slice(start, ++at));
  };
  const check = (value: string, path: readonly string[]): void => {
    const pointer = `#${path.map((token) => `/${spell(token)}`).join('')}`;
    if (value.includes('\0')) note({ fault: 'nul', pointer });
    else if (!value.isWellFormed()) note({ fault: 'lone_surrogate', pointer });
  };
  const members = (close: string, member: (index: number) => void): void => {
    at++;
    for (let index = 0; ; index++) {
      space();
      if (text[at] === close) break;
      member(index);
      space();
      if (text[at] === ',') at++;
    }
    at++;
  };
  const value = (path: readonly string[]): void => {
    space();
    const first = text[at];
    if ((first === '{' || first === '[') && path.length === 32) note({ fault: 'too_deep', offset: at });
    if (first === '"') check(string(), path);
    else if (first === '[') members(']', (index) => value([...path, String(index)]));
    else if (first === '{') {
      const names: string[] = [];
      members('}', () => {
        const offset = at;
        const name = string();
        check(name, [...path, name]);
        if (names.includes(name)) note({ fault: 'duplicate_member', offset });
        names.push(name);
        space();
        at++;
        value([...path, name]);
      });
    } else while (at < text.length && !' \t\r\n,]}'.includes(text[at] ?? '')) at++;
  };
  value([]);
  return found;
}

/** RFC 6901 sections 3 and 6, RFC 3986 `fragment`, character by character. */
function spell(token: string): string {
  return [...token.toWellFormed()]
    .map((character) => {
      if (character === '~') return '~0';
      if (character === '/') return '~1';
      if (/[A-Za-z0-9\-._~!$&'()*+,;=:@/?]/.test(character)) return character;
      return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
    })
    .join('');
}

function acceptedByJsonParse(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function assertAgrees(text: string): void {
  const verdict = scanJson(text);
  if (acceptedByJsonParse(text)) assert.deepEqual(verdict, referenceScan(text), text);
}

/** A JSON string with each UTF-16 unit spelt in a random way. */
const spelling = (content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(content, fc.infiniteStream(fc.nat(3))).map(([value, choices]) => {
    const units = value.split('').map((unit) => {
      const plain = JSON.stringify(unit).slice(1, -1);
      const choice = choices.next().value;
      if (choice > 1) return plain;
      const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${choice === 0 ? hex : hex.toUpperCase()}`;
    });
    return `"${units.join('')}"`;
  });

const character = fc.constantFrom('a', 'b', 'é', '/', '~', '%', '#', '"', '\\', '😀', ' ', '{', '[', ',', ':');
const flawed = fc.oneof({ weight: 20, arbitrary: character }, fc.constantFrom('\0', '\ud83d', '\ude00'));
const word = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.string({ unit, maxLength: 3 });

/** JSON text, with duplicate names, odd spellings and white space; `unit` is what its strings are made of. */
const jsonText = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      spelling(word(unit)),
      fc.constantFrom('null', '-1.5e3', ' true\n', '""', '{}', '[ ]'),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(' ,')}]`),
      fc
        .array(fc.tuple(spelling(word(unit)), tie('value')), { maxLength: 12 })
        .map((members) => `{${members.map(([name, value]) => `${name} : ${value}`).join(',\t')}}`),
    ),
  })).value;

test('of any JSON text the verdict is that of a plain recursive parser', () => {
  fc.assert(fc.property(fc.oneof(jsonText(character), jsonText(flawed)), assertAgrees), { numRuns: 2_000 });
});

test('of JSON text that was damaged anywhere the verdict is right wherever JSON.parse still accepts it', () => {
  const damaged = fc
    .tuple(jsonText(flawed), fc.nat(), fc.nat(2), fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', 'u', '0', ' '))
    .map(([text, place, removed, added]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + added + text.slice(at + removed);
    });
  fc.assert(fc.property(damaged, assertAgrees), { numRuns: 3_000 });
});

test('random garbage is scanned without a throw', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0dD8a \0', '\ud800', '\udc00', '€'), maxLength: 60 });
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array).toString('latin1'));
  fc.assert(fc.property(fc.oneof(noise, bytes), assertAgrees), { numRuns: 5_000 });
});

test('names are compared after their escapes are decoded, within one object alone', () => {
  assert.deepEqual(scanJson('{"a":1,"\\u0061":2}'), { fault: 'duplicate_member', offset: 7 });
  assert.deepEqual(scanJson('{"\\n":1,"\\u000A":2}'), { fault: 'duplicate_member', offset: 8 });
  assert.deepEqual(scanJson('[{"":0,"b":{"":1}},{"c":0,"c":1}]'), { fault: 'duplicate_member', offset: 26 });
  assert.equal(scanJson('{"a":{"a":[{"a":1},{"a":2}]},"A":"a","b":"a"}'), undefined);
  assert.equal(scanJson('{"__proto__":1,"constructor":2}'), undefined);
  assert.deepEqual(scanJson('{"__proto__":1,"__proto__":2}'), { fault: 'duplicate_member', offset: 15 });
});

test('a duplicate is found among few names and among many', () => {
  for (const count of [1, 7, 8, 9, 10, 1_000]) {
    const names = Array.from({ length: count }, (_, index) => `"n${index}":0`);
    assert.equal(scanJson(`{${names.join()}}`), undefined);
    for (const index of [0, count - 1]) {
      assert.equal(scanJson(`{${names.join()},"\\u006e${index}":0}`)?.fault, 'duplicate_member');
    }
  }
});

test('32 levels are read and 33 are not, of arrays and objects alike', () => {
  assert.equal(scanJson(`${'[{"a":'.repeat(16)}1${'}]'.repeat(16)}`), undefined);
  assert.deepEqual(scanJson(`${'[{"a":'.repeat(16)}{}${'}]'.repeat(16)}`), { fault: 'too_deep', offset: 96 });
  assert.equal(scanJson(`[${'[],'.repeat(100)}[]]`), undefined);
  assert.equal(scanJson(`["${'['.repeat(100)}"]`), undefined);
  assert.equal(scanJson('['.repeat(1_000_000))?.fault, 'too_deep');
});

test('NUL is told with the pointer of its member', () => {
  assert.deepEqual(scanJson('{"email":"a\\u0000b"}'), { fault: 'nul', pointer: '#/email' });
  assert.deepEqual(scanJson('{"a/b":["\\u0000"]}'), { fault: 'nul', pointer: '#/a~1b/0' });
  assert.deepEqual(scanJson('{"x":1,"m~":{"é %":[{},[],["",{"\\u0000k":1}]]}}'), {
    fault: 'nul',
    pointer: '#/m~0/%C3%A9%20%25/2/1/%00k',
  });
  assert.deepEqual(scanJson('"\\u0000"'), { fault: 'nul', pointer: '#' });
  assert.equal(scanJson('{"a":"\\\\u0000","b":"\\u00001".length}')?.fault, 'nul');
  assert.equal(scanJson('{"a":"\\\\u0000"}'), undefined);
});

test('half of a surrogate pair is told with its pointer, a whole pair is read', () => {
  assert.deepEqual(scanJson('{"a":"\\ud800"}'), { fault: 'lone_surrogate', pointer: '#/a' });
  assert.deepEqual(scanJson('{"\\uDC00":1}'), { fault: 'lone_surrogate', pointer: '#/%EF%BF%BD' });
  assert.deepEqual(scanJson('["\ud800"]'), { fault: 'lone_surrogate', pointer: '#/0' });
  assert.equal(scanJson('{"\\uD83D\\uDE00":"😀 \\ud83d\\ude00"}'), undefined);
});

test('the time to scan grows with the text and not faster', () => {
  const shapes: ((size: number) => string)[] = [
    (size) => `{${Array.from({ length: size / 10 }, (_, index) => `"${index}":0`).join()}}`,
    (size) => `{${Array.from({ length: 40 }, (_, index) => `"${'k'.repeat(size / 40)}${index}":0`).join()}}`,
    (size) => `[${'"\\u0041",'.repeat(size / 9)}0]`,
    (size) => `[${'"",'.repeat(size / 3)}"\\n"]`,
    (size) => '"'.repeat(size),
    (size) => '\\'.repeat(size),
    (size) => '{"'.repeat(size / 2),
  ];
  for (const shape of shapes) {
    const [small, large] = [shape(100_000), shape(1_600_000)];
    const slower = secondsToScan(large) / secondsToScan(small);
    assert.ok(slower < 16 * 6, `16 times the text took ${slower.toFixed(1)} times as long: ${small.slice(0, 20)}`);
  }
});

/** Of the processor's time, the best of several runs: the others were disturbed. */
function secondsToScan(text: string): number {
  const runs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    scanJson(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  });
  return Math.max(Math.min(...runs), 1e-6);
}
