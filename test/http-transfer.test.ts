import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertRefused, bodyOf, fieldOf } from './http-documents/calls.ts';
import { documentsOf, everyDocument, makeCollection, openDocuments, put } from './http-documents/ground.ts';
import { exportOf, imported, importInto, lineOf, ndjson, transferStages } from './http-transfer/calls.ts';
import { intercept, unavailable } from './intercept.ts';

const docs = documentsOf();

for (const stage of transferStages) {
  describe(`export and import on ${stage.name}`, { timeout: 60_000 }, () => {
    test('an export has every document once, by collection and id, as it is answered', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'zebras');
      await makeCollection(acme, 'apples');
      await put(acme, 'b', { title: 'Ünïcödé 😀', nested: { list: [1, 2.5, null, '\n'] } });
      await put(acme, 'a', {});
      await put(acme, 'a', { n: 1 });
      await put(acme, 'z', { n: 2 }, 'zebras');
      const { lines, manifest } = await exportOf(ground, acme);
      const texts = ['a', 'b'].map(async (id) => (await acme.send('GET', `${docs}/${id}`)).text);
      const zebra = await acme.send('GET', documentsOf('zebras', 'z'));
      assert.deepEqual(lines, [
        ...(await Promise.all(texts)).map((text) => `{"collection":"default","document":${text}}`),
        `{"collection":"zebras","document":${zebra.text}}`,
      ]);
      const { documents, bytes } = bodyOf(await acme.send('GET', '/usage'));
      assert.deepEqual([manifest.documents, manifest.bytes], [documents, bytes]);
      assert.deepEqual(Object.keys(manifest.collections), ['apples', 'default', 'zebras']);
      assert.deepEqual(manifest.collections['apples'], { documents: 0, bytes: 0 });
      assert.deepEqual(manifest.collections['zebras'], { documents: 1, bytes: 7 });
    });

    test('an export of nothing is its manifest', async () => {
      await using ground = await openDocuments(stage);
      const { lines, manifest } = await exportOf(ground, await ground.tenant('Acme'));
      assert.deepEqual(lines, []);
      const nothing = { documents: 0, bytes: 0 };
      const { sha256, ...counted } = manifest;
      assert.deepEqual(counted, { collections: { default: nothing }, ...nothing });
      assert.equal(sha256, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    });

    test('one collection can be exported alone; one that is not there is not found', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'invoices');
      await put(acme, 'a', { n: 1 });
      await put(acme, 'i', { n: 2 }, 'invoices');
      const { lines, manifest } = await exportOf(ground, acme, '?collection=invoices');
      assert.equal(lines.length, 1);
      assert.deepEqual(Object.keys(manifest.collections), ['invoices']);
      assert.equal((await exportOf(ground, acme, '?collection=default')).lines.length, 1);
      for (const name of ['none', '../x', 'Invoices']) {
        const answer = await acme.send('GET', `/export?collection=${encodeURIComponent(name)}`);
        assertRefused(answer, [404, 'collection_not_found']);
      }
    });

    test('what was exported and imported elsewhere is exported as the same bytes', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await makeCollection(acme, 'invoices');
      for (let number = 0; number < 30; number++) {
        await put(acme, `doc-${number}`, {
          number,
          '10': 'x',
          '2': 'y',
          text: 'ü'.repeat(number),
          e: 1e300,
          deep: [{ a: [] }],
        });
        await put(acme, `inv-${number}`, { number }, 'invoices');
        ground.edge.opened.clock.pass(1_000);
        if (number % 3 === 0)
          await put(acme, `inv-${number}`, { number, changed: true, own: JSON.parse('{"__proto__":[1]}') }, 'invoices');
      }
      const { text, manifest } = await exportOf(ground, acme);
      const globex = await ground.tenant('Globex');
      const answer = await imported(globex, text);
      assert.deepEqual(answer, { lines: 61, stored: 60, unchanged: 0, failed: 0, errors: [] });
      assert.equal((await exportOf(ground, globex)).text, text);
      const { documents, bytes } = bodyOf(await globex.send('GET', '/usage'));
      assert.deepEqual([documents, bytes], [manifest.documents, manifest.bytes]);
      assert.equal((await exportOf(ground, acme)).text, text, 'the first one is as it was');
    });

    test('a part that is sent again changes nothing', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const part = Array.from({ length: 450 }, (_, n) => lineOf({ _id: `d-${n}`, n })).join('');
      const half = part.slice(0, part.indexOf('"d-250"'));
      const cut = half.slice(0, half.lastIndexOf('\n') + 1);
      assert.deepEqual(await imported(acme, cut), { lines: 250, stored: 250, unchanged: 0, failed: 0, errors: [] });
      assert.deepEqual(await imported(acme, part), { lines: 450, stored: 200, unchanged: 250, failed: 0, errors: [] });
      const { text } = await exportOf(ground, acme);
      ground.edge.opened.clock.pass(1_000);
      assert.deepEqual(await imported(acme, part), { lines: 450, stored: 0, unchanged: 450, failed: 0, errors: [] });
      assert.equal((await exportOf(ground, acme)).text, text);
    });

    test('the same part sent several times at once is stored once', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const part = Array.from({ length: 300 }, (_, n) => lineOf({ _id: `d-${n}`, n }, `c${n % 2}`)).join('');
      const answers = await Promise.all([1, 2, 3].map(() => imported(acme, part)));
      const sum = (name: 'stored' | 'unchanged' | 'failed') => answers.reduce((all, each) => all + each[name], 0);
      assert.deepEqual([sum('stored'), sum('unchanged'), sum('failed')], [300, 600, 0]);
      const { lines } = await exportOf(ground, acme);
      assert.deepEqual([lines.length, lines.filter((line) => line.includes('"_version":1,')).length], [300, 300]);
    });

    test('what stands there with other members is replaced, as a change of it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const { body: first } = await put(acme, 'a', { n: 1 });
      ground.edge.opened.clock.pass(1_000);
      const given = { _id: 'a', _version: 9, _created_at: '2020-01-01T00:00:00.000Z', n: 2 };
      assert.equal((await imported(acme, lineOf(given))).stored, 1);
      assert.deepEqual(bodyOf(await acme.send('GET', `${docs}/a`)), {
        _id: 'a',
        _version: 2,
        _created_at: first['_created_at'],
        _updated_at: new Date(ground.edge.opened.clock.now()).toISOString(),
        n: 2,
      });
      assert.equal((await imported(acme, lineOf(given))).unchanged, 1);
    });

    test('a line without version and times is a new document; of two with one id the last one stands', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const now = new Date(ground.edge.opened.clock.now()).toISOString();
      const twice = lineOf({ _id: 'a', n: 1 }) + lineOf({ _id: 'b', _version: 0 }) + lineOf({ _id: 'a', n: 2 });
      assert.equal((await imported(acme, twice)).stored, 3);
      const shown = (await everyDocument(acme)).map((document) => ({ ...document }));
      assert.deepEqual(shown, [
        { _id: 'a', _version: 2, _created_at: now, _updated_at: now, n: 2 },
        { _id: 'b', _version: 1, _created_at: now, _updated_at: now },
      ]);
    });

    test('another organization has nothing of either, and may call neither', async () => {
      await using ground = await openDocuments(stage);
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      await makeCollection(acme, 'secrets');
      await imported(acme, lineOf({ _id: 'a', n: 1 }) + lineOf({ _id: 's' }, 'secrets'));
      assert.deepEqual((await exportOf(ground, globex)).lines, []);
      assertRefused(await globex.send('GET', '/export?collection=secrets'), [404, 'collection_not_found']);
      const stranger = {
        ...acme,
        send: (...[method, path, sent]: Parameters<typeof acme.send>) =>
          acme.send(method, path, { ...sent, token: globex.token }),
      };
      assertRefused(await stranger.send('GET', '/export'), [404, 'organization_not_found']);
      assertRefused(await importInto(stranger, lineOf({ _id: 'x' })), [404, 'organization_not_found']);
      assert.equal((await exportOf(ground, acme)).lines.length, 2);
      const operated = await ground.operate('POST', `/${acme.id}/import`, {
        body: lineOf({ _id: 'o' }),
        headers: { 'content-type': ndjson },
      });
      assert.equal(bodyOf(operated)['stored'], 1);
    });

    test('lines over a quota are told by number, and those that fit are stored', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const limit = (quotas: object) => ground.operate('PATCH', `/${acme.id}`, { body: { quotas } });
      bodyOf(await limit({ documents: 3, bytes: 100, collections: 2 }));
      const part =
        lineOf({ _id: 'a', text: 'x'.repeat(20) }) +
        lineOf({ _id: 'large', text: 'x'.repeat(80) }) +
        lineOf({ _id: 'b' }, 'other') +
        lineOf({ _id: 'c' }, 'third') +
        lineOf({ _id: 'd' }) +
        lineOf({ _id: 'e' });
      const answer = await imported(acme, part);
      assert.deepEqual(answer, {
        lines: 6,
        stored: 3,
        unchanged: 0,
        failed: 3,
        errors: [
          { line: 2, detail: 'The organization may not have more bytes' },
          { line: 3, detail: 'The organization may not have more documents' },
          { line: 4, detail: 'The organization may not have more collections: it has 2 of 2' },
        ],
      });
      bodyOf(await limit({ documents: null, bytes: null, collections: null }));
      assert.deepEqual(await imported(acme, part), { lines: 6, stored: 3, unchanged: 3, failed: 0, errors: [] });
    });

    test('a storage that fails in the midst is 503, and the same part goes on', async () => {
      await using ground = await openDocuments(stage);
      const { tenancy } = ground.edge.opened;
      const acme = await ground.tenant('Acme');
      let writes = 0;
      const real = tenancy.documents;
      Object.assign(tenancy, {
        documents: intercept(real, 'write', (forward) => {
          writes += 1;
          return writes === 2 ? Promise.reject(unavailable()) : forward();
        }),
      });
      const part = Array.from({ length: 450 }, (_, n) => lineOf({ _id: `d-${n}` })).join('');
      const answer = await importInto(acme, part);
      assertRefused(answer, [503, 'storage_unavailable']);
      assert.match(fieldOf(answer, 'retry-after'), /^\d+$/);
      Object.assign(tenancy, { documents: real });
      assert.deepEqual(await imported(acme, part), { lines: 450, stored: 250, unchanged: 200, failed: 0, errors: [] });
    });
  });
}
