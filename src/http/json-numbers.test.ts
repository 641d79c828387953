import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { scanJson } from './json-scan.ts';

/** Where the first number is that would come back as another one. */
function findUnkeptNumber(text: string): string | undefined {
  const found = scanJson(text);
  return found?.fault === 'unkept_number' ? found.pointer : undefined;
}

describe('numbers that would come back as another one', () => {
  const unkept = [
    '9007199254740992',
    '9007199254740993',
    '-9007199254740992',
    '12345678901234567890',
    '123456789012345678901234567890',
    '9007199254740993.0',
    '9007199254740992.5',
    '9007199254740.993e3',
    '900719925474099300e-2',
    '1e16',
    '1e20',
    '1E20',
    '1e+20',
    '10e19',
    '0.1e21',
    '1e400',
    '-1e400',
    '1.8e308',
    `1${'0'.repeat(400)}`,
  ];
  const kept = [
    '0',
    '-0',
    '1',
    '-1.5',
    '9007199254740991',
    '-9007199254740991',
    '900719925474099.5',
    '1e3',
    '1E+2',
    '1e-7',
    '1.0',
    '1e21',
    '1e22',
    '6.02e23',
    '-6.02e23',
    '1.7976931348623157e308',
    '5e-324',
    '0.1',
    '0.30000000000000004',
    '3.141592653589793238462643',
  ];

  test('integers past 2^53, what is written as one, and what no double holds are found, wherever they stand', () => {
    for (const number of unkept) {
      for (const [text, pointer] of [
        [number, '#'],
        [`[1, ${number}]`, '#/1'],
        [`{"a":{"b":[0,\n{"c":\t${number}}]}}`, '#/a/b/1/c'],
        [`{"a":1,"b":${number},"c":${number}}`, '#/b'],
        [`{"x~/y ä":[${number}]}`, '#/x~0~1y%20%C3%A4/0'],
        [`{"__proto__":${number}}`, '#/__proto__'],
        [`{"":${number}}`, '#/'],
      ] as const) {
        assert.equal(findUnkeptNumber(text), pointer, text);
      }
    }
  });

  test('all others are let through, and so are texts and names that look like one', () => {
    for (const number of kept) {
      for (const text of [number, `[${number}]`, `{"a":[1,{"b":${number}}]}`, ` ${number} `]) {
        assert.equal(findUnkeptNumber(text), undefined, text);
      }
    }
    for (const text of ['{"9007199254740993":"9007199254740993"}', '[":9007199254740993,", "1e400", " -1e20"]']) {
      assert.equal(findUnkeptNumber(text), undefined, text);
    }
  });

  test('a number that is let through comes back as what was sent', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})$/);
    fc.assert(
      fc.property(digits, (literal) => {
        const answered = JSON.stringify(JSON.parse(literal));
        const isSame = /[.e]/.test(answered) ? false : BigInt(answered) === BigInt(literal);
        assert.equal(
          findUnkeptNumber(`{"a":${literal}}`) === undefined,
          isSame && Number.isSafeInteger(Number(literal)),
        );
      }),
    );
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(any, (number) => {
        const literal = JSON.stringify(number);
        const isInteger = !/[.e]/.test(literal) && !Number.isSafeInteger(number);
        assert.equal(findUnkeptNumber(`[${literal}]`), isInteger ? '#/0' : undefined, literal);
      }),
    );
  });

  test('a text of a mebibyte is looked at in linear time', () => {
    const long = 1_048_576;
    const texts = [
      `"${'1.'.repeat(long / 2)}"`,
      `"${' 1'.repeat(long / 2)}"`,
      `"${'1'.repeat(15)}${' 111111111111111'.repeat(long / 16)}"`,
      `[${'1e3,'.repeat(long / 4)}1]`,
      `["${'-'.repeat(long)}"]`,
    ];
    for (const text of texts) {
      const start = performance.now();
      assert.equal(findUnkeptNumber(text), undefined);
      assert.ok(performance.now() - start < 2_000, text.slice(0, 40));
    }
  });
});
