import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { makeTenant } from '../../../test/contract/documents-tenants.ts';
import { documentOf, insertAll, nextOf, replacement, writeDone } from '../../../test/contract/documents-writes.ts';
import { missing } from '../../../test/mongodb/address.ts';
import { openProxied } from '../../../test/mongodb/store.ts';
import { formOf, documentOf as storedOf } from './document-form.ts';

/** Names that the server, the driver or the language has a meaning for; all in one object, and each alone. */
const names = [
  '$gt',
  '$where',
  '$set',
  '$literal',
  '$ref',
  '$id',
  '__proto__',
  'constructor',
  'toString',
  '',
  'a.b',
  '.',
  '$',
];

/** What the driver reads otherwise in a list than in a member. */
const values = ['"x"', '1', '{"x":1}', '[{"x":[{}]}]', '{"$gt":""}', '{"__proto__":{"x":1}}'];

const texts = [
  ...names.flatMap((name) => values.map((value) => `{${JSON.stringify(name)}:${value}}`)),
  `{${names.filter((name) => name !== '$id').map((name) => `${JSON.stringify(name)}:{"x":1}`)}}`,
  '{"numbers":[9007199254740991,-9007199254740991,6.02e+23,1e-320,1.7976931348623157e+308,0.1,2147483648]}',
];

suite('members of documents', { skip: missing, timeout: 60_000 }, () => {
  for (const level of ['collection', 'pooled'] as const) {
    test(`are given back as they are, whatever their names, inserted and replaced, at the level ${level}`, async () => {
      await using ground = await openProxied([]);
      const { documents } = ground.store;
      const place = await makeTenant(documents, { level, collection_name: 'org_acme' });
      const all = texts.flatMap((text) => [text, `{"in":${text}}`, `{"in":[[${text}]]}`]);
      const inserted = all.map((members, number) => ({ ...documentOf(`d${number}`), members }));
      const ids = inserted.map(({ id }) => id);
      await insertAll(documents, place, inserted);
      assert.deepEqual(await documents.getMany(place, 'default', ids), inserted);
      const replaced = inserted.map((document) => ({ ...nextOf(document), members: document.members }));
      await writeDone(
        documents,
        place,
        inserted.map((document, number) => replacement(document, replaced[number])),
      );
      assert.deepEqual(await documents.getMany(place, 'default', ids), replaced);
    });
  }
});

test('a member named __proto__ is one, and no prototype', () => {
  const document = { ...documentOf('a'), members: '{"__proto__":{"polluted":1}}' };
  const form = formOf(document, 'a', 'mark');
  assert.ok(Object.hasOwn(form, '__proto__'));
  assert.equal(form['polluted'], undefined);
  assert.deepEqual(storedOf(form, ''), document);
});
