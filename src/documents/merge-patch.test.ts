import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergePatch } from './merge-patch.ts';

/** RFC 7396 appendix A: the document, the patch, the result. Where the patch is no object the route refuses it. */
const appendix = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '{"c":"d"}', '{"c":"d"}'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
] as const;

/** What the appendix does not show. */
const others = [
  ['{"a":1}', '{}', '{"a":1}'],
  ['{"a":1,"b":2}', '{"b":3,"a":4}', '{"a":4,"b":3}'],
  ['{"a":[1,{"b":2}]}', '{"a":{"b":null}}', '{"a":{}}'],
  ['{"a":null}', '{"a":{"b":1}}', '{"a":{"b":1}}'],
  ['{"a":"text"}', '{"a":{"b":{"c":null,"d":1}}}', '{"a":{"b":{"d":1}}}'],
  ['{"a":1}', '{"a":[null,{"b":null}]}', '{"a":[null,{"b":null}]}'],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"b":2}}', '{"__proto__":{"a":1,"b":2}}'],
  ['{"a":{"__proto__":1}}', '{"a":{"__proto__":null}}', '{"a":{}}'],
  ['{}', '{"__proto__":{"polluted":true}}', '{"__proto__":{"polluted":true}}'],
  ['{}', '{"__proto__":null,"constructor":null,"toString":null}', '{}'],
  ['{}', '{"constructor":{"prototype":{"polluted":true}}}', '{"constructor":{"prototype":{"polluted":true}}}'],
  ['{"constructor":1}', '{"toString":{"a":null}}', '{"constructor":1,"toString":{}}'],
  ['{"":1,"a.b":2,"$set":3}', '{"":null,"a.b":{"c":1},"$set":{"$gt":""}}', '{"a.b":{"c":1},"$set":{"$gt":""}}'],
] as const;

for (const [target, patch, result] of [...appendix, ...others]) {
  test(`${target} patched by ${patch} is ${result}`, () => {
    const [before, asked] = [JSON.parse(target), JSON.parse(patch)];
    assert.equal(JSON.stringify(mergePatch(before, asked)), result);
    assert.deepEqual([JSON.stringify(before), JSON.stringify(asked)], [target, patch], 'neither is changed');
    assert.equal('polluted' in {}, false);
  });
}

test('a patch made twice is made once, and one without null is all there afterwards', () => {
  const object = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '$gt'), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(object, object, (target, patch) => {
      const once = mergePatch(target, patch);
      assert.equal(JSON.stringify(mergePatch(once, patch)), JSON.stringify(once));
      if (JSON.stringify(patch).includes('null')) return;
      for (const [name, value] of Object.entries(patch)) {
        if (typeof value !== 'object' || Array.isArray(value))
          assert.deepEqual(Object.entries(once).find(([each]) => each === name)?.[1], value);
      }
    }),
  );
});
