import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  type DocumentsGround,
  documentsOf,
  everyDocument,
  everyStage,
  makeCollection,
  openDocuments,
  put,
  stages,
  type Tenant,
} from './http-documents/ground.ts';

const docs = documentsOf();
const full = [409, 'quota_exceeded'] as const;
const tooLarge = [413, 'document_too_large'] as const;

/** A document whose compact JSON has so many bytes. */
function ofBytes(bytes: number): { readonly text: string } {
  return { text: 'x'.repeat(bytes - '{"text":""}'.length) };
}

/** A document of so many levels: itself, and arrays and objects within each other. */
function ofDepth(depth: number): { readonly a: unknown } {
  let a: unknown = 1;
  for (let level = depth; level > 1; level -= 1) a = level % 2 === 0 ? [a] : { a };
  return { a };
}

async function setQuotas(ground: DocumentsGround, { id }: Tenant, quotas: object): Promise<Answer['body']> {
  return bodyOf(await ground.operate('PATCH', `/${id}`, { body: { quotas } }));
}

for (const stage of stages) {
  describe(`bounds of a document on ${stage.name}`, { timeout: 60_000 }, () => {
    test('one at the limit of bytes is taken, one over it is 413, however it is stored', async () => {
      await using ground = await openDocuments(stage, {
        settings: { DOCUMENT_BYTES: '2000' },
        limits: { bytes: 2_000 },
      });
      const acme = await ground.tenant('Acme');
      const batch = (op: string, document: object) =>
        acme.send('POST', `${docs}/batch`, { body: { operations: [{ op, id: 'b', document }] } });
      bodyOf(await acme.send('POST', docs, { body: ofBytes(2_000) }), 201);
      bodyOf(await acme.send('PUT', `${docs}/a`, { body: ofBytes(2_000) }), 201);
      bodyOf(await batch('insert', ofBytes(2_000)));
      const before = (await acme.send('GET', docs)).text;
      assertRefused(await acme.send('POST', docs, { body: ofBytes(2_001) }), tooLarge);
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: ofBytes(2_001) }), tooLarge);
      assertRefused(await batch('replace', ofBytes(2_001)), tooLarge);
      assertRefused(await acme.send('PATCH', `${docs}/a`, { body: ofBytes(2_001) }), tooLarge);
      assertRefused(await acme.send('PATCH', `${docs}/a`, { body: { n: 1 } }), tooLarge);
      // Bytes are those of UTF-8, and those of the compact text whatever was sent.
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: { text: 'ä'.repeat(995) } }), tooLarge);
      assert.equal((await acme.send('GET', docs)).text, before);
      const spaced = `{ "text" :\n${' '.repeat(10_000)}"\\u0061" }`;
      bodyOf(await acme.send('PUT', `${docs}/a`, { body: spaced }), 200);
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: ofBytes(80_000) }), [413, 'body_too_large']);
    });

    test('one of a mebibyte comes back whole', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const { text } = ofBytes(1_048_576);
      bodyOf(await acme.send('PUT', `${docs}/a`, { body: { text } }), 201);
      assert.equal(bodyOf(await acme.send('GET', `${docs}/a`))['text'], text);
      assertRefused(await acme.send('PUT', `${docs}/b`, { body: ofBytes(1_048_577) }), tooLarge);
    });

    test('one at the limit of depth is taken, and of one over it the place is told', async () => {
      await using ground = await openDocuments(stage, { limits: { depth: 4 } });
      const acme = await ground.tenant('Acme');
      for (const depth of [1, 2, 3, 4]) {
        const document = bodyOf(await acme.send('PUT', `${docs}/a`, { body: ofDepth(depth) }), depth === 1 ? 201 : 200);
        assert.deepEqual(document['a'], ofDepth(depth).a);
      }
      const invalid = [422, 'invalid_value'] as const;
      const deep = { b: 1, a: [{ c: [{}] }] };
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: deep }), invalid, '#/a/0/c/0');
      assertRefused(await acme.send('POST', docs, { body: deep }), invalid, '#/a/0/c/0');
      // Each is within the limit, and what they make together is not.
      bodyOf(await acme.send('PUT', `${docs}/a`, { body: { a: { b: 1 } } }), 200);
      assertRefused(
        await acme.send('PATCH', `${docs}/a`, { body: { a: { b: { c: { d: {} } } } } }),
        invalid,
        '#/a/b/c/d',
      );
      assert.deepEqual(bodyOf(await acme.send('GET', `${docs}/a`))['a'], { b: 1 });
      const nested = `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`;
      assertRefused(await acme.send('PUT', `${docs}/a`, { body: nested }), [400, 'body_unreadable']);
    });
  });

  describe(`the quotas of an organization on ${stage.name}`, { timeout: 60_000 }, () => {
    test('are set one by one by the operator, shown to the admin, and taken away by null', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const shown = await setQuotas(ground, acme, { documents: 2 });
      assert.deepEqual(shown['quotas'], { documents: 2, bytes: null, collections: null });
      const more = await setQuotas(ground, acme, { bytes: 100, collections: 3 });
      assert.deepEqual(more['quotas'], { documents: 2, bytes: 100, collections: 3 });
      const told = bodyOf(await acme.send('GET', '/usage'));
      assert.deepEqual(told, { documents: 0, bytes: 0, collections: 1, quotas: more['quotas'] });
      assert.deepEqual((await setQuotas(ground, acme, { documents: null }))['quotas'], {
        documents: null,
        bytes: 100,
        collections: 3,
      });
      assert.equal((await acme.send('PATCH', '', { body: { quotas: { bytes: null } } })).status, 404);
      for (const [quotas, pointer] of [
        [{ documents: -1 }, '#/quotas/documents'],
        [{ bytes: 1.5 }, '#/quotas/bytes'],
        [{ collections: 1_001 }, '#/quotas/collections'],
        [{ documents: '2' }, '#/quotas/documents'],
        [{ members: 1 }, '#/quotas/members'],
        [{ documents: { $gt: '' } }, '#/quotas/documents'],
      ] as const) {
        const answer = await ground.operate('PATCH', `/${acme.id}`, { body: { quotas } });
        assertRefused(answer, [422, 'invalid_value'], pointer);
      }
    });
  });
}

for (const stage of everyStage) {
  describe(`over quota on ${stage.name}`, { timeout: 60_000 }, () => {
    test('the documents may be as many as the quota says, and who is over it may still delete', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const globex = await ground.tenant('Globex');
      await setQuotas(ground, acme, { documents: 2 });
      await put(acme, 'a', { n: 1 });
      await put(acme, 'b', { n: 2 });
      const refusals = [
        await acme.send('POST', docs, { body: {} }),
        await acme.send('PUT', `${docs}/c`, { body: {} }),
        await acme.send('POST', `${docs}/batch`, { body: { operations: [{ op: 'insert', document: {} }] } }),
      ];
      for (const answer of refusals) {
        assertRefused(answer, full);
        assert.match(String(answer.body['detail']), /may not have more documents: it has 2 of 2$/);
      }
      // What adds no document is no affair of this quota.
      await put(acme, 'a', { n: 3, more: 'more' });
      const operations = [
        { op: 'delete', id: 'a' },
        { op: 'insert', id: 'c', document: {} },
      ];
      bodyOf(await acme.send('POST', `${docs}/batch`, { body: { operations } }));
      await setQuotas(ground, acme, { documents: 1 });
      bodyOf(await acme.send('PATCH', `${docs}/b`, { body: { n: 4 } }));
      assertRefused(await acme.send('PUT', `${docs}/d`, { body: {} }), full);
      bodyOf(await acme.send('DELETE', `${docs}/b`), 204);
      assertRefused(await acme.send('PUT', `${docs}/d`, { body: {} }), full);
      bodyOf(await acme.send('DELETE', docs));
      bodyOf(await acme.send('PUT', `${docs}/d`, { body: {} }), 201);
      for (const id of ['a', 'b', 'c']) await put(globex, id, {});
    });

    test('the bytes may be as many as the quota says, of all collections together', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      await put(acme, 'a', ofBytes(50));
      await setQuotas(ground, acme, { bytes: 100 });
      bodyOf(await acme.send('PUT', documentsOf('users', 'b'), { body: ofBytes(50) }), 201);
      const refusals = [
        await acme.send('POST', documentsOf('users'), { body: {} }),
        await acme.send('PUT', `${docs}/a`, { body: ofBytes(51) }),
        await acme.send('PATCH', `${docs}/a`, { body: { n: 1 } }),
      ];
      for (const answer of refusals) {
        assertRefused(answer, full);
        assert.match(String(answer.body['detail']), /may not have more bytes: it has 100 of 100$/);
      }
      const { bytes } = bodyOf(await acme.send('GET', '/usage'));
      assert.equal(bytes, 100);
      await setQuotas(ground, acme, { bytes: 10 });
      bodyOf(await acme.send('PATCH', `${docs}/a`, { body: { text: 'shorter' } }));
      assertRefused(await acme.send('PATCH', `${docs}/a`, { body: { text: 'longer again' } }), full);
      bodyOf(await acme.send('DELETE', documentsOf('users', 'b')), 204);
      bodyOf(await acme.send('DELETE', '/collections/users'));
      assert.equal((await everyDocument(acme)).length, 1);
    });

    test('collections may be as many as the installation says, or as the quota does', async () => {
      await using ground = await openDocuments(stage, { limits: { collections: 3 } });
      const acme = await ground.tenant('Acme');
      const create = (name: string) => acme.send('POST', '/collections', { body: { name } });
      bodyOf(await create('one'), 201);
      bodyOf(await create('two'), 201);
      const refused = await create('three');
      assertRefused(refused, full);
      assert.match(String(refused.body['detail']), /collections.* 3 of 3/);
      await setQuotas(ground, acme, { collections: 4 });
      bodyOf(await create('three'), 201);
      assertRefused(await create('four'), full);
      await setQuotas(ground, acme, { collections: 0 });
      assertRefused(await create('four'), full);
      bodyOf(await acme.send('DELETE', '/collections/one'));
      await put(acme, 'a', {}, 'two');
      await setQuotas(ground, acme, { collections: null });
      assertRefused(await create('four'), full);
      bodyOf(await acme.send('DELETE', '/collections/two'));
      bodyOf(await create('four'), 201);
    });

    test('of 20 collections made at once as many are there as the bound lets', async () => {
      await using ground = await openDocuments(stage, { limits: { collections: 6 } });
      const acme = await ground.tenant('Acme');
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => acme.send('POST', '/collections', { body: { name: `c${n}` } })),
      );
      assert.equal(answers.filter(({ status }) => status === 201).length, 5);
      for (const answer of answers.filter(({ status }) => status !== 201)) assertRefused(answer, full);
      assert.equal((bodyOf(await acme.send('GET', '/collections'))['data'] as unknown[]).length, 6);
    });
  });
}
