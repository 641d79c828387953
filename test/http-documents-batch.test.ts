import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shareOf } from './contract/engine.ts';
import { assertRefused, bodyOf, fieldOf } from './http-documents/calls.ts';
import {
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
const batchPath = `${docs}/batch`;

function batch(tenant: Tenant, operations: unknown, path = batchPath) {
  return tenant.send('POST', path, { body: { operations } });
}

/** Ids and titles of all that is there. */
async function titles(tenant: Tenant): Promise<unknown[]> {
  return (await everyDocument(tenant)).map(({ _id, title }) => [_id, title]);
}

for (const stage of everyStage) {
  describe(`a batch on ${stage.name}`, { timeout: 60_000 }, () => {
    test('does all its steps, and tells of each in its order', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'old', { title: 'old' });
      await put(acme, 'gone', { title: 'gone' });
      const { results } = bodyOf(
        await batch(acme, [
          { op: 'delete', id: 'gone' },
          { op: 'insert', document: { title: 'first' } },
          { op: 'replace', id: 'old', document: { title: 'new' } },
          { op: 'insert', id: 'mine', document: { title: 'second' } },
        ]),
      ) as { results: readonly Readonly<Record<string, unknown>>[] };
      const [removed, first, replaced, mine] = results;
      assert.deepEqual(removed, { op: 'delete', id: 'gone' });
      assert.match(String(first?.['id']), /^doc_/);
      assert.deepEqual(
        [first?.['version'], replaced?.['id'], replaced?.['version'], mine?.['id'], mine?.['version']],
        [1, 'old', 2, 'mine', 1],
      );
      for (const result of results.slice(1)) {
        const read = await acme.send('GET', `${docs}/${result['id']}`);
        assert.deepEqual([read.status, fieldOf(read, 'etag')], [200, result['etag']]);
        assert.deepEqual(Object.keys(result), ['op', 'id', 'version', 'etag']);
      }
      assert.equal((await titles(acme)).length, 3);
    });

    test('does nothing where one step does not hold, and names the step', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { title: 'A' });
      const before = (await acme.send('GET', docs)).text;
      const good = { op: 'insert', id: 'good', document: { title: 'good' } };
      const rows = [
        [{ op: 'insert', id: 'a', document: {} }, 409, 'document_exists'],
        [{ op: 'replace', id: 'none', document: {} }, 404, 'document_not_found'],
        [{ op: 'delete', id: 'none' }, 404, 'document_not_found'],
        [{ op: 'replace', id: 'a', document: {}, if_match: '"other"' }, 412, 'precondition_failed'],
        [{ op: 'delete', id: 'a', if_match: '"other"' }, 412, 'precondition_failed'],
      ] as const;
      for (const [bad, status, code] of rows) {
        assertRefused(await batch(acme, [bad]), [status, code], '#/operations/0');
        assertRefused(await batch(acme, [good, bad]), [status, code], '#/operations/1');
        assertRefused(await batch(acme, [bad, good]), [status, code], '#/operations/0');
      }
      assert.equal((await acme.send('GET', docs)).text, before);
    });
  });
}

for (const stage of stages) {
  describe(`what a batch takes on ${stage.name}`, { timeout: 60_000 }, () => {
    test('if_match is the tag that a document must have', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const [a, b] = [await put(acme, 'a', { title: 'A' }), await put(acme, 'b', { title: 'B' })];
      const steps = [
        { op: 'replace', id: 'a', document: { title: 'A2' }, if_match: fieldOf(a, 'etag') },
        { op: 'delete', id: 'b', if_match: fieldOf(b, 'etag') },
      ];
      bodyOf(await batch(acme, steps));
      assert.deepEqual(await titles(acme), [['a', 'A2']]);
      assertRefused(await batch(acme, steps), [412, 'precondition_failed'], '#/operations/0');
    });

    test('one step may not be about the document of another', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { title: 'A' });
      const twice = [
        { op: 'delete', id: 'a' },
        { op: 'insert', id: 'b', document: {} },
        { op: 'insert', id: 'a', document: {} },
        { op: 'replace', id: 'b', document: {} },
      ];
      const answer = await batch(acme, twice);
      assertRefused(answer, [422, 'invalid_value'], '#/operations/2/id', '#/operations/3/id');
      assert.deepEqual(await titles(acme), [['a', 'A']]);
    });

    test('has 1 to 1,000 steps', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const inserts = (count: number) =>
        Array.from({ length: count }, (_, number) => ({
          op: 'insert',
          id: `n${String(number).padStart(4, '0')}`,
          document: { title: number },
        }));
      assertRefused(await batch(acme, inserts(1_001)), [422, 'invalid_value'], '#/operations');
      assertRefused(await batch(acme, []), [422, 'invalid_value'], '#/operations');
      assert.deepEqual(bodyOf(await acme.send('GET', '/collections/default/count')), { documents: 0 });
      const results = bodyOf(await batch(acme, inserts(1_000)))['results'] as readonly { readonly id: string }[];
      assert.equal(results.length, 1_000);
      assert.equal(results.at(-1)?.id, 'n0999');
      assert.equal((await everyDocument(acme, { limit: '1000' })).length, 1_000);
      const deletes = inserts(1_000).map(({ id }) => ({ op: 'delete', id }));
      bodyOf(await batch(acme, deletes));
      assert.deepEqual(bodyOf(await acme.send('GET', '/collections/default/count')), { documents: 0 });
    });

    test('each step has what its kind needs and no more, and is told by its place', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const rows: readonly (readonly [object, ...string[]])[] = [
        [{ op: 'insert' }, '/document'],
        [{ op: 'insert', document: {}, if_match: '"a"' }, '/if_match'],
        [{ op: 'replace', id: 'a' }, '/document'],
        [{ op: 'replace', document: {} }, '/id'],
        [{ op: 'delete' }, '/id'],
        [{ op: 'delete', id: 'a', document: {} }, '/document'],
        [{ op: 'upsert', id: 'a', document: {} }, '/op'],
        [{ op: { $ne: 1 }, id: 'a' }, '/op'],
        [{ id: 'a', document: {} }, '/op'],
        [{ op: 'insert', document: [] }, '/document'],
        [{ op: 'insert', document: null }, '/document'],
        [{ op: 'insert', id: 1, document: {} }, '/id'],
        [{ op: 'insert', id: { $gt: '' }, document: {} }, '/id'],
        [{ op: 'insert', id: 'a/b', document: {} }, '/id'],
        [{ op: 'insert', id: '', document: {} }, '/id'],
        [{ op: 'insert', id: '..', document: {} }, '/id'],
        [{ op: 'insert', id: 'x'.repeat(129), document: {} }, '/id'],
        [{ op: 'insert', document: { _id: 'a' } }, '/document/_id'],
        [{ op: 'insert', document: { a: { _bsontype: 1 } } }, '/document/a/_bsontype'],
        [{ op: 'replace', id: 'a', document: {}, if_match: 1 }, '/if_match'],
        [{ op: 'delete', id: 'a', extra: 1 }, '/extra'],
      ];
      const good = { op: 'insert', document: {} };
      for (const [step, ...pointers] of rows) {
        const answer = await batch(acme, [good, step]);
        assertRefused(answer, [422, 'invalid_value'], ...pointers.map((pointer) => `#/operations/1${pointer}`));
      }
      assertRefused(await batch(acme, { op: 'insert' }), [422, 'invalid_value'], '#/operations');
      assertRefused(await acme.send('POST', batchPath, { body: [] }), [422, 'invalid_value']);
      assertRefused(await acme.send('POST', batchPath, { body: {} }), [422, 'invalid_value'], '#/operations');
      assert.deepEqual(await titles(acme), []);
    });

    test('a body over the limit of batches is 413, and one at it is taken', async () => {
      await using ground = await openDocuments(stage, { settings: { BATCH_BYTES: '100000' } });
      const acme = await ground.tenant('Acme');
      const empty = JSON.stringify({ operations: [{ op: 'insert', document: { text: '' } }] }).length;
      const ofBytes = (bytes: number) => [{ op: 'insert', document: { text: 'x'.repeat(bytes - empty) } }];
      bodyOf(await batch(acme, ofBytes(100_000)));
      assertRefused(await batch(acme, ofBytes(100_001)), [413, 'body_too_large']);
    });

    test('20 batches at once that want the same id: one is done, whole', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, number) =>
          batch(acme, [
            { op: 'insert', id: `own-${number}`, document: { title: number } },
            { op: 'insert', id: 'same', document: { title: number } },
          ]),
        ),
      );
      const done = answers.flatMap(({ status }, number) => (status === 200 ? [number] : []));
      assert.equal(done.length, 1);
      for (const answer of answers.filter(({ status }) => status !== 200)) {
        assertRefused(answer, [409, 'document_exists'], '#/operations/1');
      }
      assert.deepEqual(await titles(acme), [
        [`own-${done[0]}`, done[0]],
        ['same', done[0]],
      ]);
    });

    test('batches at once that replace the same two documents are done one after the other', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { title: 'A' });
      await put(acme, 'b', { title: 'B' });
      const racers = shareOf(stage.engine, 20);
      const answers = await Promise.all(
        Array.from({ length: racers }, (_, number) => {
          const steps = ['a', 'b'].map((id) => ({ op: 'replace', id, document: { title: number } }));
          return batch(acme, number % 2 === 0 ? steps : steps.reverse());
        }),
      );
      const versions = answers.map((answer) =>
        (bodyOf(answer)['results'] as readonly { readonly version: number }[]).map(({ version }) => version),
      );
      for (const [one, other] of versions) assert.equal(one, other, 'both stood at one version');
      assert.deepEqual(
        versions.map(([version]) => version).sort((x = 0, y = 0) => x - y),
        Array.from({ length: racers }, (_, n) => n + 2),
      );
      const [a, b] = await everyDocument(acme);
      assert.deepEqual([a?.['_version'], a?.['title']], [racers + 1, b?.['title']]);
    });

    test('that replaces or deletes more than 32 MiB is refused whole, and does it in parts; an import takes the parts itself', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const ids = Array.from({ length: 34 }, (_, number) => `d${number}`);
      const large = 'x'.repeat(1_000_000);
      for (const id of ids) bodyOf(await put(acme, id, { title: large }), 201);
      const remove = (some: readonly string[]) =>
        batch(
          acme,
          some.map((id) => ({ op: 'delete', id })),
        );
      assertRefused(await remove(ids), [413, 'document_too_large'], '#/operations');
      const lines = ids.map((_id) => JSON.stringify({ collection: 'default', document: { _id, title: 'small' } }));
      const imported = await acme.send('POST', '/import', {
        body: lines.join('\n'),
        headers: { 'content-type': 'application/x-ndjson' },
      });
      assert.equal(bodyOf(imported)['stored'], 34);
      bodyOf(await remove(ids));
      assert.deepEqual(await titles(acme), []);
    });

    test('of a collection that is not there is 404, and in another collection has no effect here', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'users');
      await put(acme, 'a', { title: 'A' });
      const insert = [{ op: 'insert', id: 'a', document: { title: 'user' } }];
      assertRefused(await batch(acme, insert, `${documentsOf('nothing')}/batch`), [404, 'collection_not_found']);
      bodyOf(await batch(acme, insert, `${documentsOf('users')}/batch`));
      assert.deepEqual(await titles(acme), [['a', 'A']]);
    });
  });
}
