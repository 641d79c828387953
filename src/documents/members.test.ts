import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TenantryError } from '../errors.ts';
import { checkMembers, checkPatch, checkPatched } from './members.ts';

const limits = { bytes: 1_000, depth: 4, collections: 100 };

/** The code of what is thrown, and the members it is about; undefined where nothing is. */
function refusal(act: () => unknown): readonly [string, ...string[]] | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error;
    return [error.code, ...error.issues.map(({ member }) => member)];
  }
}

describe('the members of a document', () => {
  test('are kept as compact JSON in their order', () => {
    const text = '{"b":[1,{"$gt":""}],"a":{"__proto__":1,"_id":2},"":"ä"}';
    assert.equal(checkMembers(JSON.parse(text), limits), text);
  });

  test('each that may not be is told by its place, eight at most', () => {
    const rows = [
      ['{"_id":1,"a":1,"_b":2}', '_id', '_b'],
      ['{"a":{"_bsontype":1},"_bsontype":2}', '_bsontype', 'a/_bsontype', '_bsontype'],
      ['{"a/b":{"c~d":[0,{"_bsontype":1}]}}', 'a~1b/c~0d/1/_bsontype'],
      ['{"a":{"$ref":"b","$id":0}}', 'a/$ref'],
      ['{"a":{"b":{"c":{"d":1},"e":[]}}}', 'a/b/c', 'a/b/e'],
      [
        `{${Array.from({ length: 20 }, (_, n) => `"_${n}":1`).join()}}`,
        ...Array.from({ length: 8 }, (_, n) => `_${n}`),
      ],
    ] as const;
    const depth = 3;
    for (const [text, ...members] of rows) {
      const told = refusal(() =>
        checkMembers(JSON.parse(text), { ...limits, depth: text.includes('_bson') ? 9 : depth }),
      );
      assert.deepEqual(told, ['invalid_value', ...members], text);
    }
    const at = refusal(() => checkMembers({ _a: 1, b: [[[[]]]] }, limits, 'operations/3/document/'));
    assert.deepEqual(at, ['invalid_value', 'operations/3/document/_a', 'operations/3/document/b/0/0/0']);
  });

  test('a name that is long is told in part', () => {
    const [, member = ''] =
      refusal(() => checkMembers({ [`_${'😀'.repeat(10_000)}`]: 1 }, { ...limits, bytes: 1e6 })) ?? [];
    assert.ok(member.length < 110 && member.endsWith('…'), member);
  });

  test('their bytes are those of UTF-8, up to the limit', () => {
    const room = limits.bytes - '{"a":""}'.length;
    assert.equal(
      refusal(() => checkMembers({ a: 'ä'.repeat(room / 2) }, limits)),
      undefined,
    );
    assert.deepEqual(
      refusal(() => checkMembers({ a: `ä${'x'.repeat(room - 1)}` }, limits)),
      ['document_too_large'],
    );
  });

  test('a patch may not be about those of the service, and what it made may have those of other programs', () => {
    assert.deepEqual(
      refusal(() => checkPatch({ _id: null, a: { _b: 1 } })),
      ['invalid_value', '_id'],
    );
    assert.equal(checkPatched({ _class: 'x', a: 1 }, limits), '{"_class":"x","a":1}');
    assert.deepEqual(
      refusal(() => checkPatched({ a: { _bsontype: 1 } }, limits)),
      ['invalid_value', 'a/_bsontype'],
    );
    assert.deepEqual(
      refusal(() => checkPatched({ a: 'x'.repeat(1_000) }, limits)),
      ['document_too_large'],
    );
  });
});
