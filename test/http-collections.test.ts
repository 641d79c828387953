import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf, fieldOf, send } from './http-documents/calls.ts';
import {
  collectionNames,
  documentsOf,
  everyDocument,
  everyStage,
  makeCollection,
  openDocuments,
  put,
  stages,
  type Tenant,
} from './http-documents/ground.ts';

const missing = [404, 'collection_not_found'] as const;

/** Refuses everything of a collection, as of one that was never there. */
async function assertAbsent(tenant: Tenant, name: string): Promise<void> {
  const docs = documentsOf(name);
  const calls = [
    ['GET', `/collections/${name}`],
    ['DELETE', `/collections/${name}`],
    ['GET', `/collections/${name}/count`],
    ['GET', docs],
    ['DELETE', docs],
    ['GET', `${docs}/a`],
    ['DELETE', `${docs}/a`],
    ['POST', docs, {}],
    ['PUT', `${docs}/a`, {}],
    ['PATCH', `${docs}/a`, {}],
    ['POST', `${docs}/batch`, { operations: [{ op: 'insert', document: {} }] }],
  ] as const;
  for (const [method, path, body] of calls) assertRefused(await tenant.send(method, path, { body }), missing);
}

for (const stage of everyStage) {
  describe(`collections on ${stage.name}`, { timeout: 60_000 }, () => {
    test('one that is created is listed and read, and takes documents', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const created = await acme.send('POST', '/collections', { body: { name: 'users' } });
      const now = new Date(ground.edge.opened.clock.now()).toISOString();
      assert.deepEqual(bodyOf(created, 201), { name: 'users', created_at: now });
      const read = await send(ground.edge, ['GET', fieldOf(created, 'location')], { token: acme.token });
      assert.deepEqual(bodyOf(read), created.body);
      assert.deepEqual(await collectionNames(acme), ['default', 'users']);
      await put(acme, 'a', { n: 1 }, 'users');
      assert.equal(bodyOf(await acme.send('GET', documentsOf('users', 'a')))['n'], 1);
      assertRefused(await acme.send('POST', '/collections', { body: { name: 'users' } }), [409, 'collection_exists']);
    });

    test('deleting one removes its documents and no others, and one made again is empty', async () => {
      await using ground = await openDocuments(stage);
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      for (const tenant of [acme, globex]) for (const name of ['users', 'users_2']) await makeCollection(tenant, name);
      for (const name of ['default', 'users', 'users_2']) {
        for (const tenant of [acme, globex]) for (const id of ['a', 'b']) await put(tenant, id, { of: name }, name);
      }
      const bytes = 2 * Buffer.byteLength('{"of":"users"}');
      const deleted = bodyOf(await acme.send('DELETE', '/collections/users'));
      assert.deepEqual(deleted, { name: 'users', erased: { documents: 2, bytes } });
      await assertAbsent(acme, 'users');
      assert.deepEqual(await collectionNames(acme), ['default', 'users_2']);
      assert.equal(bodyOf(await acme.send('GET', '/usage'))['collections'], 2);
      await makeCollection(acme, 'users');
      assert.deepEqual(await everyDocument(acme, {}, 'users'), []);
      assert.deepEqual(bodyOf(await acme.send('GET', '/collections/users/count')), { documents: 0 });
      for (const name of ['default', 'users_2']) assert.equal((await everyDocument(acme, {}, name)).length, 2);
      assert.equal((await everyDocument(globex, {}, 'users')).length, 2);
      bodyOf(await acme.send('PUT', documentsOf('users', 'a'), { body: {} }), 201);
    });

    test('deleting one with more documents than a step removes is whole, and others write meanwhile', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      for (const start of [0, 1_000]) {
        const operations = Array.from({ length: start === 0 ? 1_000 : 100 }, (_, n) => ({
          op: 'insert',
          id: `n${start + n}`,
          document: { n },
        }));
        bodyOf(await acme.send('POST', `${documentsOf('users')}/batch`, { body: { operations } }));
      }
      const writes = Array.from({ length: 5 }, (_, n) =>
        acme.send('PUT', documentsOf('default', `w${n}`), { body: { n } }),
      );
      const [deleted, ...written] = await Promise.all([acme.send('DELETE', '/collections/users'), ...writes]);
      assert.equal((bodyOf(deleted)['erased'] as { documents: number }).documents, 1_100);
      for (const answer of written) bodyOf(answer, 201);
      assert.equal((await everyDocument(acme)).length, 5);
      await assertAbsent(acme, 'users');
    });

    test('what is written to one while it is deleted is refused or removed with it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      await put(acme, 'a', {}, 'users');
      const writes = Array.from({ length: 20 }, (_, n) =>
        acme.send('PUT', documentsOf('users', `w${n}`), { body: { n } }),
      );
      const [deleted, ...written] = await Promise.all([acme.send('DELETE', '/collections/users'), ...writes]);
      bodyOf(deleted);
      for (const answer of written) {
        if (answer.status !== 201) assertRefused(answer, missing);
      }
      await makeCollection(acme, 'users');
      assert.deepEqual(await everyDocument(acme, {}, 'users'), []);
      assert.equal(bodyOf(await acme.send('GET', '/usage'))['documents'], 0);
    });
  });
}

for (const stage of stages) {
  describe(`names and pages of collections on ${stage.name}`, { timeout: 60_000 }, () => {
    test('a name is a letter and up to 62 letters, digits and _', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const good = ['a', 'a_', 'a1', `z${'9'.repeat(62)}`, 'documents', 'batch', 'constructor', 'count', 'org_acme'];
      for (const name of good) {
        await makeCollection(acme, name);
        await put(acme, 'a', { of: name }, name);
        assert.equal(bodyOf(await acme.send('GET', documentsOf(name, 'a')))['of'], name);
      }
      const bad = [
        '',
        'A',
        'Users',
        '1a',
        '_a',
        'a-b',
        'a.b',
        'a b',
        'ä',
        `z${'9'.repeat(63)}`,
        '$a',
        'a\n',
        'a/b',
        '..',
      ];
      for (const name of bad) {
        const answer = await acme.send('POST', '/collections', { body: { name } });
        assertRefused(answer, [422, 'invalid_value'], '#/name');
      }
      for (const body of [{}, { name: 1 }, { name: null }, { name: ['a'] }, { name: 'b', more: 1 }, []]) {
        assertRefused(await acme.send('POST', '/collections', { body }), [422, 'invalid_value']);
      }
      for (const name of bad.slice(1)) {
        assertRefused(
          await acme.send('GET', `/collections/${encodeURIComponent(name === '..' ? '...' : name)}`),
          missing,
        );
      }
      assert.deepEqual(await collectionNames(acme), ['default', ...good].sort());
    });

    test('default is there from the beginning, can be emptied and not deleted', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const { created_at } = bodyOf(await acme.send('GET', ''));
      assert.deepEqual(bodyOf(await acme.send('GET', '/collections/default')), { name: 'default', created_at });
      await put(acme, 'a', {});
      assertRefused(await acme.send('DELETE', '/collections/default'), [409, 'collection_permanent']);
      assertRefused(await acme.send('POST', '/collections', { body: { name: 'default' } }), [409, 'collection_exists']);
      assert.equal((await everyDocument(acme)).length, 1);
      assert.deepEqual(bodyOf(await acme.send('DELETE', documentsOf())), { deleted: 1, complete: true });
    });

    test('are listed in the order of their names, whatever the size of a page', async () => {
      await using ground = await openDocuments(stage);
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      const names = ['b', 'a', 'zz', 'e', 'd', 'a_b', 'a1', 'defaults'];
      for (const name of names) await makeCollection(acme, name);
      await makeCollection(globex, 'other');
      const ordered = ['default', ...names].sort();
      for (const limit of ['1', '2', '8', '9', '10', '1000'])
        assert.deepEqual(await collectionNames(acme, limit), ordered, limit);
      assert.deepEqual(await collectionNames(globex), ['default', 'other']);
    });

    test('a cursor stands still while others are made and deleted, and is good for its organization alone', async () => {
      await using ground = await openDocuments(stage);
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      for (const name of ['b', 'h']) await makeCollection(acme, name);
      const first = bodyOf(await acme.send('GET', '/collections?limit=1'));
      assert.deepEqual(
        (first['data'] as { name: string }[]).map(({ name }) => name),
        ['b'],
      );
      for (const name of ['a', 'c']) await makeCollection(acme, name);
      bodyOf(await acme.send('DELETE', '/collections/b'));
      const query = new URLSearchParams({ cursor: String(first['next_cursor']) });
      const rest = bodyOf(await acme.send('GET', `/collections?${query}`))['data'] as { name: string }[];
      assert.deepEqual(
        rest.map(({ name }) => name),
        ['c', 'default', 'h'],
      );
      assertRefused(await globex.send('GET', `/collections?${query}`), [422, 'invalid_value'], '?cursor');
      assertRefused(await acme.send('GET', `${documentsOf()}?${query}`), [422, 'invalid_value'], '?cursor');
      assertRefused(await acme.send('GET', '/collections?limit=0'), [422, 'invalid_value'], '?limit');
    });

    test('of 20 that create one at once one does', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => acme.send('POST', '/collections', { body: { name: 'users' } })),
      );
      assert.equal(answers.filter(({ status }) => status === 201).length, 1);
      for (const answer of answers.filter(({ status }) => status !== 201))
        assertRefused(answer, [409, 'collection_exists']);
      assert.deepEqual(await collectionNames(acme), ['default', 'users']);
    });

    test('of 5 that delete one at once one does', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      const answers = await Promise.all(Array.from({ length: 5 }, () => acme.send('DELETE', '/collections/users')));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      for (const answer of answers.filter(({ status }) => status !== 200)) assertRefused(answer, missing);
    });
  });
}
