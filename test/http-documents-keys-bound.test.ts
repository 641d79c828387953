import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Answer, assertRefused, bodyOf } from './http-documents/calls.ts';
import { documentsOf, everyDocument, everyStage, openDocuments, type Tenant } from './http-documents/ground.ts';

const day = 24 * 60 * 60_000;
const full = [429, 'idempotency_keys_full'] as const;

function post(tenant: Pick<Tenant, 'send'>, path: string, body: object, key?: string): Promise<Answer> {
  return tenant.send('POST', path, { body, ...(key !== undefined && { headers: { 'idempotency-key': key } }) });
}

const inserts = (...ids: string[]) => ({ operations: ids.map((id) => ({ op: 'insert', id, document: {} })) });

for (const stage of everyStage) {
  describe(`many Idempotency-Keys on ${stage.name}`, { timeout: 60_000 }, () => {
    test('past the bound another key is refused with nothing done, a known one gets its answer, and none is needed', async () => {
      await using ground = await openDocuments(stage, { keptBound: { answers: 3 } });
      const [acme, globex] = [await ground.tenant('Acme'), await ground.tenant('Globex')];
      const made = await Promise.all(['1', '2', '3'].map((key) => post(acme, documentsOf(), { key }, key)));
      for (const answer of made) bodyOf(answer, 201);
      for (const [path, body] of [
        [documentsOf(), { key: '4' }],
        [`${documentsOf()}/batch`, inserts('a')],
      ] as const) {
        const refused = await post(acme, path, body, '4');
        assertRefused(refused, full);
        assert.equal(refused.headers['retry-after'], '60');
        assert.match(String(refused.body['detail']), /make the call without one, with ids of your own/);
      }
      for (const [place, key] of ['1', '2', '3'].entries()) {
        assert.equal((await post(acme, documentsOf(), { key }, key)).text, made[place]?.text);
      }
      bodyOf(await post(acme, `${documentsOf()}/batch`, inserts('a')));
      bodyOf(await post(globex, documentsOf(), { key: '4' }, '4'), 201);
      assert.equal((await everyDocument(acme)).length, 4);
    });
  });
}

for (const stage of everyStage.filter(({ level }) => level === 'collection')) {
  describe(`many Idempotency-Keys on ${stage.name}`, { timeout: 60_000 }, () => {
    test('collections that come and go are remembered up to a bound, within a day', async () => {
      await using ground = await openDocuments(stage, { keptBound: { answers: 3 } });
      const { clock } = ground.edge.opened;
      const { id } = await ground.tenant('Acme');
      const acme: Pick<Tenant, 'send'> = {
        send: (method, path, sent) => ground.operate(method, `/${id}${path}`, sent),
      };
      for (const key of ['1', '2', '3']) {
        bodyOf(await post(acme, '/collections', { name: `c${key}` }, key), 201);
        bodyOf(await acme.send('DELETE', `/collections/c${key}`));
      }
      assertRefused(await post(acme, '/collections', { name: 'c4' }, '4'), full);
      bodyOf(await post(acme, '/collections', { name: 'c3' }, '3'), 201);
      bodyOf(await post(acme, '/collections', { name: 'c4' }), 201);
      clock.pass(day);
      bodyOf(await post(acme, '/collections', { name: 'c5' }, '5'), 201);
    });
  });
}

for (const stage of everyStage.filter(({ engine }) => engine.name.startsWith('embedded'))) {
  test(`on ${stage.name} no more keys are remembered however many calls come at once, and each is for a day`, async () => {
    await using ground = await openDocuments(stage, { keptBound: { answers: 20 } });
    const { clock } = ground.edge.opened;
    const { id } = await ground.tenant('Acme');
    const acme: Pick<Tenant, 'send'> = { send: (method, path, sent) => ground.operate(method, `/${id}${path}`, sent) };
    for (const round of ['a', 'b']) {
      const keys = Array.from({ length: 60 }, (_, number) => `${round}${number}`);
      const answers = await Promise.all(keys.map((key) => post(acme, documentsOf(), { key }, key)));
      assert.equal(answers.filter(({ status }) => status === 201).length, 20);
      assert.equal(answers.filter(({ status }) => status === 429).length, 40);
      clock.pass(day);
    }
  });
}
