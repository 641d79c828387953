import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf } from './http-documents/calls.ts';
import {
  documentsOf,
  everyDocument,
  everyStage,
  makeCollection,
  openDocuments,
  pageOf,
  put,
  stages,
  type Tenant,
} from './http-documents/ground.ts';

const docs = documentsOf();
const directions = ['ascending', 'descending'] as const;

async function idsOf(tenant: Tenant, query: Readonly<Record<string, string>>, collection?: string): Promise<unknown[]> {
  return (await everyDocument(tenant, query, collection)).map(({ _id }) => _id);
}

for (const stage of everyStage) {
  describe(`the list of documents on ${stage.name}`, { timeout: 60_000 }, () => {
    test('has each once in the order of ids, in both directions, whatever the size of a page', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const globex = await ground.tenant('Globex');
      await makeCollection(acme, 'users');
      // Neither by letters without case nor by numbers.
      const ids = ['b', 'B', 'a', '10', '9', '~', '-', '.x', '_', 'Z', 'aa'];
      for (const id of ids) await put(acme, id, { id });
      for (const id of ['a', 'c']) await put(acme, id, {}, 'users');
      for (const id of ['0', 'a', 'zz']) await put(globex, id, {});
      const ordered = ids.toSorted();
      for (const limit of ['1', '2', '3', '10', '11', '12', '1000']) {
        assert.deepEqual(await idsOf(acme, { limit }), ordered, limit);
        assert.deepEqual(await idsOf(acme, { limit, direction: 'ascending' }), ordered, limit);
        assert.deepEqual(await idsOf(acme, { limit, direction: 'descending' }), ordered.toReversed(), limit);
      }
      assert.deepEqual(await idsOf(acme, { limit: '1' }, 'users'), ['a', 'c']);
      const { next_cursor } = await pageOf(acme, { limit: '11' });
      assert.equal(next_cursor, null, 'a last page that is full is the last');
    });

    test('shows each as it is read by itself', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const stored = [await put(acme, 'a', { n: 1 }), await put(acme, 'b', {}), await put(acme, 'c', { $gt: '' })];
      const expected = `{"data":[${stored.map(({ text }) => text).join(',')}],"next_cursor":null}`;
      assert.equal((await acme.send('GET', docs)).text, expected);
    });

    test('a cursor stands still while others write, before and behind it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      for (const direction of directions) {
        await acme.send('DELETE', docs);
        for (const id of ['b', 'd', 'f', 'h', 'j']) await put(acme, id, {});
        const first = await pageOf(acme, { direction, limit: '2' });
        const down = direction === 'descending';
        assert.deepEqual(first.ids, down ? ['j', 'h'] : ['b', 'd']);
        // One on the page, one behind the cursor, the one it stands at, and one that is to come.
        await put(acme, 'a', {});
        await put(acme, 'z', {});
        await put(acme, 'e', {});
        await put(acme, 'f', { changed: true });
        bodyOf(await acme.send('DELETE', `${docs}/${down ? 'h' : 'd'}`), 204);
        bodyOf(await acme.send('DELETE', `${docs}/${down ? 'd' : 'h'}`), 204);
        const cursor = String(first.next_cursor);
        const rest = await idsOf(acme, { direction, limit: '2', cursor });
        assert.deepEqual(rest, down ? ['f', 'e', 'b', 'a'] : ['e', 'f', 'j', 'z']);
        assert.deepEqual(await idsOf(acme, { direction, limit: '9', cursor }), rest, 'a cursor is good again');
      }
    });
  });
}

for (const stage of stages) {
  describe(`pages on ${stage.name}`, { timeout: 60_000 }, () => {
    test('a cursor is good for its list alone: collection, direction and organization', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const globex = await ground.tenant('Globex');
      await makeCollection(acme, 'users');
      for (const tenant of [acme, globex]) for (const id of ['a', 'b']) await put(tenant, id, {});
      for (const id of ['a', 'b']) await put(acme, id, {}, 'users');
      const cursor = String((await pageOf(acme, { limit: '1' })).next_cursor);
      const listed = await ground.operate('GET', '?limit=1');
      const changed = `${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`;
      const path = (query: Readonly<Record<string, string>>, collection?: string) =>
        `${documentsOf(collection)}?${new URLSearchParams(query)}`;
      const refusals = [
        await acme.send('GET', path({ cursor }, 'users')),
        await acme.send('GET', path({ cursor, direction: 'descending' })),
        await globex.send('GET', path({ cursor })),
        await acme.send('GET', path({ cursor: changed })),
        await acme.send('GET', path({ cursor: 'x' })),
        await acme.send('GET', path({ cursor: 'b' })),
        await acme.send('GET', path({ cursor: String(bodyOf(listed)['next_cursor']) })),
        await acme.send('GET', `/collections?${new URLSearchParams({ cursor })}`),
        await ground.operate('GET', `?${new URLSearchParams({ cursor })}`),
      ];
      for (const answer of refusals) assertRefused(answer, [422, 'invalid_value'], '?cursor');
      const spelled = await acme.send('GET', path({ cursor, direction: 'ascending', limit: '5' }));
      assert.equal((bodyOf(spelled)['data'] as unknown[]).length, 1, 'ascending is what it is without');
      const operated = await ground.operate('GET', `/Acme${path({ cursor })}`);
      assert.equal((bodyOf(operated)['data'] as unknown[]).length, 1, 'it is the list’s, whoever reads it');
    });

    test('parameters that are no such thing are refused with what would be right', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      for (const limit of ['0', '1001', '-1', '1.5', 'ten', '01', '', '1&limit=2']) {
        assertRefused(await acme.send('GET', `${docs}?limit=${limit}`), [422, 'invalid_value'], '?limit');
      }
      for (const direction of ['up', 'ASCENDING', '', '1']) {
        assertRefused(await acme.send('GET', `${docs}?direction=${direction}`), [422, 'invalid_value'], '?direction');
      }
      assertRefused(await acme.send('GET', `${docs}?cursor=`), [422, 'invalid_value'], '?cursor');
      assertRefused(await acme.send('GET', documentsOf('none')), [404, 'collection_not_found']);
      assertRefused(await acme.send('GET', `${docs}?limt=1`), [422, 'invalid_value'], '?limt');
    });

    test('100 are on a page unless asked otherwise', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const operations = Array.from({ length: 101 }, () => ({ op: 'insert', document: {} }));
      bodyOf(await acme.send('POST', `${docs}/batch`, { body: { operations } }));
      assert.equal((await pageOf(acme)).data.length, 100);
      assert.equal((await everyDocument(acme)).length, 101);
    });

    test('documents without an id of their own are listed as they were made', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const made: unknown[] = [];
      for (let n = 0; n < 20; n += 1) made.push(bodyOf(await acme.send('POST', docs, { body: { n } }), 201)['_id']);
      assert.deepEqual(await idsOf(acme, { limit: '7' }), made);
    });

    test('a page of large documents ends early, and the next goes on', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
      for (const id of ids) await put(acme, id, { text: id.repeat(400_000) });
      for (const direction of directions) {
        const first = await pageOf(acme, { direction });
        assert.ok(first.data.length > 1 && first.data.length < 6, String(first.data.length));
        assert.notEqual(first.next_cursor, null);
        const ordered = direction === 'ascending' ? ids : ids.toReversed();
        assert.deepEqual(await idsOf(acme, { direction }), ordered);
      }
    });

    test('what is there all the time is listed once while others write', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const kept = Array.from({ length: 40 }, (_, n) => `k${String(n).padStart(2, '0')}`);
      for (const id of kept) await put(acme, id, {});
      let isWriting = true;
      const write = async (id: string) => {
        while (isWriting) {
          await put(acme, id, {});
          bodyOf(await acme.send('DELETE', `${docs}/${id}`), 204);
        }
      };
      const writers = kept.slice(0, 8).map((id) => write(`${id}x`));
      for (const direction of directions) {
        const found = (await idsOf(acme, { direction, limit: '3' })).filter((id) => !String(id).endsWith('x'));
        assert.deepEqual(found, direction === 'ascending' ? kept : kept.toReversed());
      }
      isWriting = false;
      await Promise.all(writers);
    });
  });
}
