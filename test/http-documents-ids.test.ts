import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import { documentsOf, everyDocument, makeCollection, openDocuments, put, stages } from './http-documents/ground.ts';

const docs = documentsOf();
const invalid = [422, 'invalid_value'] as const;

for (const stage of stages) {
  describe(`ids on ${stage.name}`, { timeout: 60_000 }, () => {
    const all = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-';

    test('may be any of the letters that stand in a path as they are', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const ids = [
        ...all.replace('.', ''),
        all,
        'batch',
        'count',
        'x'.repeat(128),
        '...',
        '.a',
        '-',
        '__proto__',
        'constructor',
        '_id',
        'A',
        'a',
      ];
      for (const id of new Set(ids)) bodyOf(await acme.send('PUT', `${docs}/${id}`, { body: { id } }), 201);
      const found = await everyDocument(acme, { limit: '7' });
      assert.deepEqual(
        found.map(({ _id }) => _id),
        [...new Set(ids)].sort(),
      );
      for (const { _id, id } of found) {
        assert.equal(id, _id);
        assert.equal(bodyOf(await acme.send('GET', `${docs}/${_id}`))['id'], _id);
      }
      const operations = [...new Set(ids)].map((id) => ({ op: 'delete', id }));
      bodyOf(await acme.send('POST', `${docs}/batch`, { body: { operations } }));
      assert.deepEqual(await everyDocument(acme), []);
    });

    test('are the same percent-encoded', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      bodyOf(await acme.send('PUT', `${docs}/%61%2Db`, { body: { n: 1 } }), 201);
      assert.equal(bodyOf(await acme.send('GET', `${docs}/a-b`))['_id'], 'a-b');
      bodyOf(await acme.send('DELETE', `${docs}/a%2db`), 204);
    });

    test('that break the rule cannot be stored, and are not found', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { n: 1 });
      const broken = [
        'a/b',
        ' ',
        'a b',
        'ä',
        '😀',
        '\0',
        'a\0',
        'x'.repeat(129),
        '{"$gt":""}',
        '$gt',
        'a,b',
        '%',
        '"',
        '*',
        '[object Object]',
        '../a',
        'a\n',
        '?',
      ];
      for (const id of broken) {
        const path = `${docs}/${encodeURIComponent(id)}`;
        // Before what is wrong with the body.
        for (const body of [{}, { _a: 1 }]) assertRefused(await acme.send('PUT', path, { body }), invalid, '{id}');
        for (const method of ['GET', 'DELETE'] as const) {
          assertRefused(await acme.send(method, path), [404, 'document_not_found']);
        }
        assertRefused(await acme.send('PATCH', path, { body: {} }), [404, 'document_not_found']);
      }
      assertRefused(await acme.send('GET', `${docs}/${'x'.repeat(1_025)}`), [414, 'uri_too_long']);
      assert.equal((await everyDocument(acme)).length, 1);
    });
  });

  describe(`operators in the place of names on ${stage.name}`, { timeout: 60_000 }, () => {
    test('are refused, or find nothing', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      await put(acme, 'a', { n: 1 });
      await put(acme, 'b', { n: 1 }, 'users');
      for (const operator of [{ $gt: '' }, { $where: '1' }, { $ne: null }, { $regex: '.*' }]) {
        const text = encodeURIComponent(JSON.stringify(operator));
        assertRefused(await acme.send('POST', '/collections', { body: { name: operator } }), invalid, '#/name');
        for (const path of [
          `/collections/${text}`,
          `/collections/${text}/count`,
          documentsOf(text),
          documentsOf(text, 'a'),
        ]) {
          assertRefused(await acme.send('GET', path), [404, 'collection_not_found']);
        }
        assertRefused(await acme.send('DELETE', `/collections/${text}`), [404, 'collection_not_found']);
        assertRefused(await acme.send('DELETE', documentsOf(text)), [404, 'collection_not_found']);
        for (const op of ['insert', 'replace', 'delete']) {
          const step = { op, id: operator, ...(op !== 'delete' && { document: {} }) };
          const answer = await acme.send('POST', `${docs}/batch`, { body: { operations: [step] } });
          assertRefused(answer, invalid, '#/operations/0/id');
        }
        for (const name of ['limit', 'cursor', 'direction']) {
          assertRefused(await acme.send('GET', `${docs}?${name}=${text}`), invalid, `?${name}`);
        }
      }
      // No parameter has a level below it: these name none.
      const query = 'limit[$gt]=1&cursor[$ne]=x&_id[$gt]=';
      const pointers = ['?limit[$gt]', '?cursor[$ne]', '?_id[$gt]'];
      assertRefused(await acme.send('GET', `${docs}?${query}`), invalid, ...pointers);
      assert.equal((await everyDocument(acme)).length, 1);
    });
  });
}
