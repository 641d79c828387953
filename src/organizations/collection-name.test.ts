import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { collectionNames } from './collection-name.ts';

const ID = 'org_01jq5n6w8yf3gavr2m4x7ztk9b';
const SUFFIX = '_4x7ztk9b';

test('a collection is named as the old service named it', () => {
  const names = {
    Acme: 'org_acme',
    'Acme Inc.': 'org_acme_inc_',
    'A-B  c_d': 'org_a_b__c_d',
    'Café 9': 'org_caf__9',
    'Cafe\u0301 9': 'org_caf__9',
    'ＡＣＭＥ K ﬁ ²': 'org_acme_k_fi_2',
    'İzmir ΟΔΟΣ': 'org_i_zmir_____',
    '😀x': 'org__x',
    'ab\ud800': 'org_ab_',
  };
  for (const [name, plain] of Object.entries(names)) {
    assert.deepEqual(collectionNames(name, ID), { plain, suffixed: plain + SUFFIX });
  }
});

test('a name without a letter or digit is told apart by its id', () => {
  for (const name of ['東京都', '...', '___', '😀😀😀', '   ']) {
    assert.deepEqual(collectionNames(name, ID), { plain: undefined, suffixed: `org____${SUFFIX}` }, name);
  }
});

test('a name that was cut is told apart by its id', () => {
  const [fits, cut] = [`${'㎢'.repeat(32)}`, `${'㎢'.repeat(32)}a`];
  assert.equal(collectionNames(fits, ID).plain, `org_${'km2'.repeat(32)}`);
  assert.deepEqual(collectionNames(cut, ID), {
    plain: undefined,
    suffixed: `org_${'km2'.repeat(32)}`.slice(0, 100 - SUFFIX.length) + SUFFIX,
  });
});

test('every name is org_ and at most 96 characters of a-z, 0-9 and _', () => {
  const name = fc.string({
    unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom('ﷺ', 'A', ' ')),
  });
  fc.assert(
    fc.property(name, (value) => {
      const { plain, suffixed } = collectionNames(value, ID);
      for (const made of [plain ?? suffixed, suffixed]) assert.match(made, /^org_[a-z0-9_]{0,96}$/);
      assert.ok(suffixed.endsWith(SUFFIX));
    }),
  );
});
