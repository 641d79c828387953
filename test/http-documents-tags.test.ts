import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shareOf } from './contract/engine.ts';
import { type Answer, assertRefused, bodyOf, fieldOf } from './http-documents/calls.ts';
import { documentsOf, openDocuments, put, stages } from './http-documents/ground.ts';

const path = documentsOf('default', 'a');
const failed = [412, 'precondition_failed'] as const;
const other = `"${'x'.repeat(43)}"`;

for (const stage of stages) {
  describe(`entity tags on ${stage.name}`, { timeout: 60_000 }, () => {
    test('a change under If-Match holds where the document is what the caller has read', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const first = fieldOf(await put(acme, 'a', { n: 1 }), 'etag');
      const replaced = await acme.send('PUT', path, { body: { n: 2 }, headers: { 'if-match': first } });
      assert.equal(bodyOf(replaced)['n'], 2);
      const second = fieldOf(replaced, 'etag');
      assert.notEqual(second, first);
      const changes = [
        ['PUT', { n: 3 }],
        ['PATCH', { n: 3 }],
        ['DELETE', undefined],
      ] as const;
      for (const [method, body] of changes) {
        for (const tag of [first, other, `W/${second}`, `${first}, ${other}`, '""', '"a,*,b"']) {
          assertRefused(await acme.send(method, path, { body, headers: { 'if-match': tag } }), failed);
        }
      }
      const patched = await acme.send('PATCH', path, {
        body: { n: 3 },
        headers: { 'if-match': `${first} ,${second}` },
      });
      assert.equal(bodyOf(patched)['n'], 3);
      bodyOf(await acme.send('PUT', path, { body: { n: 4 }, headers: { 'if-match': '*' } }), 200);
      bodyOf(await acme.send('DELETE', path, { headers: { 'if-match': '*' } }), 204);
      for (const [method, body] of changes) {
        for (const tag of ['*', second]) {
          assertRefused(await acme.send(method, path, { body, headers: { 'if-match': tag } }), failed);
        }
      }
      assertRefused(await acme.send('GET', path), [404, 'document_not_found']);
    });

    test('a change under If-None-Match: * holds where there is none', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const headers = { 'if-none-match': '*' };
      const made = await acme.send('PUT', path, { body: { n: 1 }, headers });
      bodyOf(made, 201);
      const tag = fieldOf(made, 'etag');
      for (const [method, body] of [
        ['PUT', { n: 2 }],
        ['PATCH', { n: 2 }],
        ['DELETE', undefined],
      ] as const) {
        for (const known of ['*', tag, `W/${tag}`, `${other}, ${tag}`]) {
          assertRefused(await acme.send(method, path, { body, headers: { 'if-none-match': known } }), failed);
        }
      }
      for (const unknown of [other, '"a,*,b"']) {
        bodyOf(await acme.send('PUT', path, { body: { n: 2 }, headers: { 'if-none-match': unknown } }), 200);
      }
      const both = { 'if-match': '*', 'if-none-match': '*' };
      assertRefused(await acme.send('PUT', path, { body: { n: 3 }, headers: both }), failed);
    });

    test('of 20 that create one document at once under If-None-Match: * one does', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const headers = { 'if-none-match': '*' };
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => acme.send('PUT', path, { body: { n }, headers })),
      );
      assert.deepEqual(tally(answers), { 201: 1, 412: 19 });
      const [winner] = answers.filter(({ status }) => status === 201);
      assert.equal((await acme.send('GET', path)).text, winner?.text);
    });

    test('a read under If-None-Match is 304 where the caller has it, and so is HEAD', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const tag = fieldOf(await put(acme, 'a', { n: 1 }), 'etag');
      for (const known of [tag, `W/${tag}`, `${other}, ${tag}`, `${other},W/${tag}`, '*']) {
        for (const method of ['GET', 'HEAD'] as const) {
          const answer = await acme.send(method, path, { headers: { 'if-none-match': known } });
          assert.deepEqual([answer.status, answer.text, fieldOf(answer, 'etag')], [304, '', tag], known);
        }
      }
      for (const unknown of [other, '"a,*,b"', '"*"']) {
        bodyOf(await acme.send('GET', path, { headers: { 'if-none-match': unknown } }), 200);
      }
      await put(acme, 'a', { n: 2 });
      bodyOf(await acme.send('GET', path, { headers: { 'if-none-match': tag } }), 200);
      const none = await acme.send('GET', documentsOf('default', 'none'), { headers: { 'if-none-match': '*' } });
      assertRefused(none, [404, 'document_not_found']);
    });

    test('a field that is malformed is refused, and changes nothing', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const stored = await put(acme, 'a', { n: 1 });
      const tag = fieldOf(stored, 'etag');
      for (const name of ['if-match', 'if-none-match']) {
        for (const value of ['', 'a', tag.slice(1, -1), `${tag},`, `*, ${tag}`, `w/${tag}`, `"a"b"`, '"a" "b"', '**']) {
          for (const [method, body] of [
            ['PUT', {}],
            ['PATCH', {}],
            ['DELETE', undefined],
          ] as const) {
            const answer = await acme.send(method, path, { body, headers: { [name]: value } });
            assertRefused(answer, [400, 'bad_request']);
          }
        }
      }
      assert.equal((await acme.send('GET', path)).text, stored.text);
    });

    test('a document that was removed and made again has another tag, and so has each state of it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const tags = [fieldOf(await put(acme, 'a', { n: 1 }), 'etag')];
      tags.push(fieldOf(await put(acme, 'a', { n: 1 }), 'etag'));
      tags.push(fieldOf(await acme.send('PATCH', path, { body: {} }), 'etag'));
      bodyOf(await acme.send('DELETE', path), 204);
      ground.edge.opened.clock.pass(1);
      tags.push(fieldOf(await put(acme, 'a', { n: 1 }), 'etag'));
      tags.push(fieldOf(await put(acme, 'b', { n: 1 }), 'etag'));
      assert.equal(new Set(tags).size, tags.length, tags.join(' '));
      const [first = ''] = tags;
      assertRefused(await acme.send('PUT', path, { body: {}, headers: { 'if-match': first } }), failed);
    });

    test('of many that change one document at once under If-Match one wins each round', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      let tag = fieldOf(await put(acme, 'a', {}), 'etag');
      const racers = shareOf(stage.engine, 50);
      for (let round = 0; round < 3; round += 1) {
        const headers = { 'if-match': tag };
        const answers = await Promise.all(
          Array.from({ length: racers }, (_, n) => acme.send('PATCH', path, { body: { [`r${round}`]: n }, headers })),
        );
        assert.deepEqual(tally(answers), { 200: 1, 412: racers - 1 });
        const [winner] = answers.filter(({ status }) => status === 200);
        assert.ok(winner);
        tag = fieldOf(winner, 'etag');
        assert.equal((await acme.send('GET', path)).text, winner.text);
      }
      assert.equal((await acme.send('GET', path)).body['_version'], 4);
    });

    test('a call that would not keep If-Match refuses it, and changes nothing; a read takes no notice', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', { n: 1 });
      const headers = { 'if-match': '"other"' };
      const operations = [{ op: 'delete', id: 'a' }];
      for (const answer of [
        await acme.send('DELETE', documentsOf(), { headers }),
        await acme.send('POST', documentsOf(), { body: { n: 2 }, headers }),
        await acme.send('POST', `${documentsOf()}/batch`, { body: { operations }, headers }),
        await acme.send('POST', '/collections', { body: { name: 'users' }, headers }),
        await acme.send('DELETE', '', { headers }),
        await ground.operate('PATCH', `/${acme.id}`, { body: { quotas: { documents: 0 } }, headers }),
      ]) {
        assertRefused(answer, [400, 'bad_request']);
      }
      assert.equal(bodyOf(await acme.send('GET', path, { headers }))['n'], 1);
      const { documents, collections, quotas } = bodyOf(await acme.send('GET', '/usage'));
      assert.deepEqual([documents, collections, quotas], [1, 1, { documents: null, bytes: null, collections: 100 }]);
    });

    test('of many that add a member of their own at once without If-Match none is lost', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await put(acme, 'a', {});
      const racers = shareOf(stage.engine, 50);
      const answers = await Promise.all(
        Array.from({ length: racers }, (_, n) => acme.send('PATCH', path, { body: { [`m${n}`]: n } })),
      );
      assert.deepEqual(tally(answers), { 200: racers });
      const { _version, _id, _created_at, _updated_at, ...members } = bodyOf(await acme.send('GET', path));
      assert.equal(_version, racers + 1);
      assert.deepEqual(members, Object.fromEntries(Array.from({ length: racers }, (_, n) => [`m${n}`, n])));
    });

    test('a list has the tag of each of its documents where it is asked for, good for a change at once', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const tags = new Map<unknown, string>();
      for (const id of ids) tags.set(id, fieldOf(await put(acme, id, { n: `of ${id}` }), 'etag'));
      const listed: [unknown, string][] = [];
      let cursor = '';
      do {
        const answer = await acme.send('GET', `${documentsOf()}?etags=true&limit=2&direction=descending${cursor}`);
        const { data, etags, next_cursor } = bodyOf(answer) as unknown as TaggedPage;
        assert.equal(etags.length, data.length);
        listed.push(...data.map(({ _id }, place): [unknown, string] => [_id, etags[place] ?? '']));
        cursor = next_cursor === null ? '' : `&cursor=${next_cursor}`;
      } while (cursor !== '');
      assert.deepEqual(listed, [...tags].reverse());
      const [first, second] = [tags.get('a') ?? '', tags.get('b') ?? ''];
      const changed = { body: { n: 2 }, headers: { 'if-match': first } };
      bodyOf(await acme.send('PUT', path, changed));
      assertRefused(await acme.send('PUT', path, changed), failed);
      const operations = [{ op: 'delete', id: 'b', if_match: second }];
      bodyOf(await acme.send('POST', `${documentsOf()}/batch`, { body: { operations } }));
      for (const query of ['', '?etags=false']) {
        assert.deepEqual(Object.keys(bodyOf(await acme.send('GET', documentsOf() + query))), ['data', 'next_cursor']);
      }
      assertRefused(await acme.send('GET', `${documentsOf()}?etags=yes`), [422, 'invalid_value'], '?etags');
    });
  });
}

/** How many answers have each status. */
function tally(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

interface TaggedPage {
  readonly data: readonly { readonly _id: unknown }[];
  readonly etags: readonly string[];
  readonly next_cursor: string | null;
}
