import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf, fieldOf } from './http-documents/calls.ts';
import { documentsOf, everyDocument, everyStage, makeCollection, openDocuments, put } from './http-documents/ground.ts';

const docs = documentsOf();

for (const stage of everyStage) {
  describe(`documents on ${stage.name}`, { timeout: 60_000 }, () => {
    test('one that is stored gets an id, and is read as it was given', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const given = '{"title":"Ünïcödé 😀","b":[1,2.5,null,true,{"deep":[]}],"a":{"z":1,"y":"\\"\\\\"},"":0}';
      const stored = await acme.send('POST', docs, { body: given });
      const { _id, _version, _created_at, _updated_at, ...members } = bodyOf(stored, 201);
      assert.match(String(_id), /^doc_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
      const now = new Date(ground.edge.opened.clock.now()).toISOString();
      assert.deepEqual([_version, _created_at, _updated_at], [1, now, now]);
      assert.deepEqual(members, JSON.parse(given));
      assert.ok(stored.text.endsWith(`,${given.slice(1)}`), 'members stand in their order');
      const read = await acme.send('GET', `${docs}/${_id}`);
      assert.deepEqual([read.status, read.text], [200, stored.text]);
      assert.equal(fieldOf(read, 'etag'), fieldOf(stored, 'etag'));
      assert.match(fieldOf(read, 'etag'), /^"[\w-]{43}"$/);
      assert.equal(fieldOf(read, 'cache-control'), 'no-store');
      assert.equal(fieldOf(read, 'content-type'), 'application/json; charset=utf-8');
      const there = await ground.edge.server.inject({
        url: fieldOf(stored, 'location'),
        headers: { authorization: `Bearer ${acme.token}` },
      });
      assert.equal(there.body, stored.text, 'Location is where it is');
    });

    test('HEAD answers as GET does, without the body', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { title: 'A' });
      for (const path of [`${docs}/a`, docs, `${docs}/none`, '/collections', '/collections/default', '/usage']) {
        const [get, head] = [await acme.send('GET', path), await acme.send('HEAD', path)];
        const fields = ({ headers }: typeof get) => ({ ...headers, 'x-request-id': '', date: '' });
        // The request id in a problem is of another length once in a while.
        const expected =
          get.status < 300 ? fields(get) : { ...fields(get), 'content-length': head.headers['content-length'] };
        assert.deepEqual([head.status, head.text, fields(head)], [get.status, '', expected], path);
      }
    });

    test('PUT stores under the id of the path, and replaces what stands there', async () => {
      await using ground = await openDocuments(stage);
      const { clock } = ground.edge.opened;
      const acme = await ground.tenant('Acme');
      const made = await acme.send('PUT', `${docs}/a`, { body: { title: 'A', gone: 1 } });
      const first = bodyOf(made, 201);
      clock.pass(1_000);
      const replaced = bodyOf(await acme.send('PUT', `${docs}/a`, { body: { title: 'B' } }), 200);
      assert.deepEqual(replaced, {
        _id: 'a',
        _version: 2,
        _created_at: first['_created_at'],
        _updated_at: new Date(clock.now()).toISOString(),
        title: 'B',
      });
      assert.deepEqual(bodyOf(await acme.send('GET', `${docs}/a`)), replaced);
      bodyOf(await acme.send('PUT', `${docs}/a`, { body: {} }), 200);
      const empty = bodyOf(await acme.send('GET', `${docs}/a`));
      assert.deepEqual(Object.keys(empty), ['_id', '_version', '_created_at', '_updated_at']);
    });

    test('PATCH merges, and null removes', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const { clock } = ground.edge.opened;
      await put(acme, 'a', { title: 'A', author: { given: 'Ada', family: 'L' }, tags: ['x', 'y'] });
      clock.pass(5);
      const body = { title: null, author: { family: null, born: 1815 }, tags: ['z'], pages: 1 };
      const patched = bodyOf(await acme.send('PATCH', `${docs}/a`, { body }));
      const { _version, _created_at, _updated_at, _id, ...members } = patched;
      assert.deepEqual(members, { author: { given: 'Ada', born: 1815 }, tags: ['z'], pages: 1 });
      assert.equal(_version, 2);
      assert.ok(String(_created_at) < String(_updated_at));
      assert.deepEqual(bodyOf(await acme.send('GET', `${docs}/a`)), patched);
      const headers = { 'content-type': 'application/merge-patch+json' };
      assert.equal(bodyOf(await acme.send('PATCH', `${docs}/a`, { body: '{"pages":2}', headers }))['pages'], 2);
      assertRefused(await acme.send('PATCH', `${docs}/none`, { body }), [404, 'document_not_found']);
      for (const [method, path] of [
        ['PUT', `${docs}/a`],
        ['POST', docs],
      ] as const) {
        assertRefused(await acme.send(method, path, { body: '{}', headers }), [415, 'content_type_unsupported']);
      }
      const text = { 'content-type': 'text/plain' };
      const refused = await acme.send('PATCH', `${docs}/a`, { body: '{}', headers: text });
      assertRefused(refused, [415, 'content_type_unsupported']);
      assert.match(refused.text, /must be application\/merge-patch\+json or application\/json/);
      assert.equal(refused.headers['accept-patch'], 'application/merge-patch+json, application/json');
    });

    test('DELETE removes once, and the id is free again', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { title: 'A' });
      await put(acme, 'b', { title: 'B' });
      const removed = await acme.send('DELETE', `${docs}/a`);
      assert.deepEqual([removed.status, removed.text], [204, '']);
      for (const method of ['GET', 'DELETE'] as const) {
        assertRefused(await acme.send(method, `${docs}/a`), [404, 'document_not_found']);
      }
      const again = bodyOf(await acme.send('PUT', `${docs}/a`, { body: { title: 'new' } }), 201);
      assert.equal(again['_version'], 1);
      assert.equal(bodyOf(await acme.send('GET', `${docs}/b`))['title'], 'B');
    });

    test('all of a collection are removed at once, and none of another', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const globex = await ground.tenant('Globex');
      await makeCollection(acme, 'users');
      for (const id of ['a', 'b', 'c']) await put(acme, id, { id });
      await put(acme, 'a', { of: 'users' }, 'users');
      await put(globex, 'a', { of: 'globex' });
      assert.deepEqual(bodyOf(await acme.send('DELETE', docs)), { deleted: 3, complete: true });
      assert.deepEqual(await everyDocument(acme), []);
      assert.deepEqual(bodyOf(await acme.send('DELETE', docs)), { deleted: 0, complete: true });
      assert.equal((await everyDocument(acme, {}, 'users')).length, 1);
      assert.equal((await everyDocument(globex)).length, 1);
    });

    test('one id is another document in each collection', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      await put(acme, 'a', { of: 'default' });
      await put(acme, 'a', { of: 'users' }, 'users');
      bodyOf(await acme.send('PATCH', documentsOf('users', 'a'), { body: { more: 1 } }));
      assert.equal(bodyOf(await acme.send('GET', `${docs}/a`))['of'], 'default');
      bodyOf(await acme.send('DELETE', `${docs}/a`), 204);
      assert.deepEqual(
        (await everyDocument(acme, {}, 'users')).map(({ _id, of, more }) => [_id, of, more]),
        [['a', 'users', 1]],
      );
    });

    test('the count and the usage are what is there', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      const counts = async () => [
        bodyOf(await acme.send('GET', '/collections/default/count')),
        bodyOf(await acme.send('GET', '/collections/users/count')),
        bodyOf(await acme.send('GET', '/usage')),
      ];
      const quotas = { documents: null, bytes: null, collections: 100 };
      const none = { documents: 0 };
      assert.deepEqual(await counts(), [none, none, { documents: 0, bytes: 0, collections: 2, quotas }]);
      await put(acme, 'a', { title: 'ä😀' });
      await put(acme, 'a', { title: 'ä😀', more: [1, 2] });
      await put(acme, 'b', {}, 'users');
      const bytes = Buffer.byteLength('{"title":"ä😀","more":[1,2]}{}');
      const one = { documents: 1 };
      assert.deepEqual(await counts(), [one, one, { documents: 2, bytes, collections: 2, quotas }]);
      bodyOf(await acme.send('DELETE', `${docs}/a`), 204);
      assert.deepEqual(await counts(), [none, one, { documents: 1, bytes: 2, collections: 2, quotas }]);
    });

    test('they are there after a restart', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const stored = await put(acme, 'a', { title: 'A' });
      await ground.edge.opened.restart();
      const { tenancy } = ground.edge.opened;
      const place = await ground.placeOf(acme);
      const [document] = await tenancy.documents.getMany(place, 'default', ['a']);
      assert.equal(document?.members, '{"title":"A"}');
      assert.equal(document?.version, stored.body['_version']);
    });
  });
}
