import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb';
import { jsonTextOf } from './extended-json.ts';

const objectId = new ObjectId('507f1f77bcf86cd799439011');

/** By what MongoDB Extended JSON v2 says of the relaxed format. */
const types: Readonly<Record<string, readonly [unknown, string]>> = {
  'a date': [new Date('2026-01-02T03:04:05.678Z'), '{"$date":"2026-01-02T03:04:05.678Z"}'],
  'a date of whole seconds': [new Date('2026-01-02T03:04:05Z'), '{"$date":"2026-01-02T03:04:05Z"}'],
  'a date before 1970': [new Date(-1), '{"$date":{"$numberLong":"-1"}}'],
  'an ObjectId': [objectId, '{"$oid":"507f1f77bcf86cd799439011"}'],
  'a decimal': [Decimal128.fromString('1.10'), '{"$numberDecimal":"1.10"}'],
  NaN: [Number.NaN, '{"$numberDouble":"NaN"}'],
  infinity: [Number.POSITIVE_INFINITY, '{"$numberDouble":"Infinity"}'],
  'infinity below zero': [Number.NEGATIVE_INFINITY, '{"$numberDouble":"-Infinity"}'],
  bytes: [new Binary(Buffer.from('abc')), '{"$binary":{"base64":"YWJj","subType":"00"}}'],
  'a UUID': [
    new UUID('11111111-2222-4333-8444-555555555555'),
    '{"$binary":{"base64":"ERERESIiQzOERFVVVVVVVQ==","subType":"04"}}',
  ],
  'a regular expression': [new BSONRegExp('^(?i)a', 'm'), '{"$regularExpression":{"pattern":"^(?i)a","options":"m"}}'],
  'a timestamp': [new Timestamp({ t: 5, i: 7 }), '{"$timestamp":{"t":5,"i":7}}'],
  'a reference': [
    new DBRef('users', objectId, 'other', { note: 1 }),
    '{"$ref":"users","$id":{"$oid":"507f1f77bcf86cd799439011"},"note":1,"$db":"other"}',
  ],
  'a reference by a text': [new DBRef('users', 'ann' as never), '{"$ref":"users","$id":"ann"}'],
  code: [new Code('f()'), '{"$code":"f()"}'],
  'a symbol': [new BSONSymbol('s'), '{"$symbol":"s"}'],
  undefined: [undefined, '{"$undefined":true}'],
  'the least key': [new MinKey(), '{"$minKey":1}'],
  'the greatest key': [new MaxKey(), '{"$maxKey":1}'],
};

for (const [name, [value, text]] of Object.entries(types)) {
  test(`${name} is told as Extended JSON, wherever it stands`, () => {
    assert.equal(jsonTextOf({ value }), `{"value":${text}}`);
    assert.equal(jsonTextOf({ list: [1, { value }, value] }), `{"list":[1,{"value":${text}},${text}]}`);
  });
}

test('a long that a number cannot have exactly is told as Extended JSON, in a reference too', () => {
  const reference = new DBRef('users', Long.fromString('9007199254740993') as never);
  assert.equal(jsonTextOf({ reference }), '{"reference":{"$ref":"users","$id":{"$numberLong":"9007199254740993"}}}');
  assert.equal(jsonTextOf({ n: Long.fromString('9007199254740993') }), '{"n":{"$numberLong":"9007199254740993"}}');
});

test('what JSON has is told as it is, beside what it has not too', () => {
  const members = JSON.parse(
    '{"b":[1,-0.5,1e-320,6.02e+23,true,null,"x"],"a":{"":{"$gt":""},"__proto__":{"x":1},"constructor":[{"y":2}],"_bsontype":"ObjectId"}}',
  );
  const text = JSON.stringify(members);
  assert.equal(jsonTextOf(members), text);
  assert.equal(
    jsonTextOf({ ...members, value: objectId }),
    `${text.slice(0, -1)},"value":${types['an ObjectId']?.[1]}}`,
  );
});

test('no member sets a prototype', () => {
  const members = JSON.parse('{"__proto__":{"polluted":1},"in":{"__proto__":{"polluted":1},"at":0}}');
  members.in.at = new Date(0);
  const told = JSON.parse(jsonTextOf(members));
  assert.deepEqual(Object.keys(told), ['__proto__', 'in']);
  assert.equal(told.polluted, undefined);
  assert.deepEqual(Object.keys(told.in), ['__proto__', 'at']);
});
