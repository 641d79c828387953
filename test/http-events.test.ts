import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { events } from '../src/events/event.ts';
import { forgetEnded } from '../src/events/forget-ended.ts';
import { relayPositions } from '../src/events/relay-position.ts';
import type { SignInEvents } from '../src/organizations/sign-in-events.ts';
import { insert } from '../src/store/records.ts';
import { hashOf } from '../src/store/trail.ts';
import { engines } from './engines.ts';
import { login, openEdge, pointersOf, told } from './http-edge.ts';
import {
  done,
  eventsOf,
  operatorToken,
  send,
  sequencesOf,
  signUpByCall,
  typesOf,
  verify,
} from './http-events/calls.ts';
import { signUp } from './tenancy.ts';

for (const engine of engines) {
  const open = () => openEdge({ OPERATOR_TOKEN: operatorToken }, { engine });

  describe(`events on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    test('every change has its event in its commit: who, what, from where, before and after, without secrets', async () => {
      await using edge = await open();
      const { id, token } = await signUpByCall(edge, 'Acme');
      const organization = `/v1/organizations/${id}`;
      const password = 'another password';
      const change = {
        organization_name: 'Acme',
        new_organization_name: 'Acme 2',
        email: 'bob@acme.example',
        password,
      };
      await done(edge, 'PUT /org/update', { token, body: change });
      const again = await login(edge, 'bob@acme.example', password);
      const bob = String(again.body['access_token']);
      await done(edge, `PATCH ${organization}`, { body: { quotas: { documents: 5 } } });
      await done(edge, `POST ${organization}/collections`, { token: bob, body: { name: 'invoices' } });
      await done(edge, `DELETE ${organization}/collections/invoices`, { token: bob });
      const found = await eventsOf(edge, id);
      assert.deepEqual(typesOf(found), [
        'organization.created',
        'user.signed_in',
        'organization.renamed',
        'user.email_changed',
        'user.password_changed',
        'user.signed_in',
        'organization.quotas_changed',
        'collection.created',
        'collection.deleted',
        'collection.erased',
      ]);
      const user = {
        type: 'user',
        id: (await edge.opened.tenancy.records.list(events, 'organization_id', { prefix: id, limit: 9 }))[1]?.actor.id,
      };
      const told = found.map(({ actor, data, personal }) => ({ actor, data, personal }));
      const from = (actor_email: string) => ({ actor_email, address: '127.0.0.1' });
      assert.deepEqual(told.slice(1, 6), [
        { actor: user, data: {}, personal: from('ada@acme.example') },
        {
          actor: user,
          data: { before: { name: 'Acme' }, after: { name: 'Acme 2' } },
          personal: from('ada@acme.example'),
        },
        {
          actor: user,
          data: { user_id: user.id },
          personal: {
            ...from('ada@acme.example'),
            before: { email: 'ada@acme.example' },
            after: { email: 'bob@acme.example' },
          },
        },
        { actor: user, data: { user_id: user.id }, personal: from('ada@acme.example') },
        { actor: user, data: {}, personal: from('bob@acme.example') },
      ]);
      const none = { documents: null, bytes: null, collections: null };
      assert.deepEqual(told[6], {
        actor: { type: 'operator', id: null },
        data: { before: none, after: { ...none, documents: 5 } },
        personal: { address: '127.0.0.1' },
      });
      assert.deepEqual(told[9], {
        actor: { type: 'service', id: null },
        data: { name: 'invoices', documents: 0, bytes: 0 },
        personal: null,
      });
      assert.ok(!JSON.stringify(found).includes('password of') && !JSON.stringify(found).includes(password));
      assert.ok(found.slice(0, 9).every(({ request_id }) => typeof request_id === 'string'));
      // Who asks can compute what the service says.
      for (const { id: _, personal, personal_salt, hash, ...hashed } of found) assert.equal(hashOf(hashed), hash);
      assert.deepEqual((await verify(edge, id)).body['broken'], null);
    });

    test('what is refused or changes nothing has no event', async () => {
      await using edge = await open();
      const { id, token } = await signUpByCall(edge, 'Acme');
      await signUpByCall(edge, 'Globex');
      const refused = [
        send(edge, 'PUT /org/update', { token, body: { organization_name: 'Acme', new_organization_name: 'Globex' } }),
        send(edge, 'POST /v1/organizations/Acme/collections', { token, body: { name: 'default' } }),
        send(edge, 'DELETE /v1/organizations/Acme/collections/none', { token }),
        send(edge, 'PUT /org/update', { token, body: { organization_name: 'Acme' } }),
      ];
      assert.deepEqual(
        (await Promise.all(refused)).map(({ status }) => status),
        [400, 409, 404, 200],
      );
      assert.deepEqual(typesOf(await eventsOf(edge, id)), ['organization.created', 'user.signed_in']);
    });

    test('a failed log-in to a known account is told a moment later, with its count, and one to an unknown is not', async () => {
      await using edge = await open();
      const { id, email } = await signUpByCall(edge, 'Acme');
      for (const tried of [email, email, 'nobody@acme.example']) {
        assert.equal((await login(edge, tried, 'a wrong password')).status, 401);
      }
      assert.deepEqual(typesOf(await eventsOf(edge, id)), ['organization.created', 'user.signed_in']);
      await (edge.opened.tenancy.signInEvents as SignInEvents).flush();
      const [, , failed, ...others] = await eventsOf(edge, id);
      assert.equal(others.length, 0);
      const { user_id, ...data } = (failed?.['data'] ?? {}) as Record<string, unknown>;
      assert.deepEqual(data, { attempts: 2 });
      assert.match(String(user_id), /^usr_/);
      assert.deepEqual(failed?.['actor'], { type: 'anonymous', id: null });
      assert.deepEqual(failed?.['personal'], { address: '127.0.0.1', email });
    });

    test('they are found by type, actor and time, from both ends, and by the last that one has', async () => {
      await using edge = await open();
      const { clock } = edge.opened;
      const { id, token } = await signUpByCall(edge, 'Acme');
      const times: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        clock.pass(10_000);
        times.push(new Date(clock.now()).toISOString());
        const by = name === 'b' ? {} : { token };
        await done(edge, `POST /v1/organizations/Acme/collections`, { ...by, body: { name } });
      }
      const [first = '', second = ''] = times;
      const find = async (query: string) => sequencesOf(await eventsOf(edge, id, query));
      for (const limit of ['', '&limit=1', '&limit=2']) {
        assert.deepEqual(await find(limit), [1, 2, 3, 4, 5]);
        assert.deepEqual(await find(`direction=descending${limit}`), [5, 4, 3, 2, 1]);
        assert.deepEqual(await find(`type=collection.created${limit}`), [3, 4, 5]);
        assert.deepEqual(await find(`type=collection.created&direction=descending${limit}`), [5, 4, 3]);
        assert.deepEqual(await find(`actor=operator${limit}`), [4]);
        assert.deepEqual(await find(`actor=operator&type=user.signed_in${limit}`), []);
        assert.deepEqual(await find(`after=3${limit}`), [4, 5]);
        assert.deepEqual(await find(`after=3&direction=descending${limit}`), [2, 1]);
        assert.deepEqual(await find(`from=${first}${limit}`), [3, 4, 5]);
        assert.deepEqual(await find(`from=${first}&to=${second}${limit}`), [3]);
        assert.deepEqual(await find(`to=${second}&direction=descending${limit}`), [3, 2, 1]);
        assert.deepEqual(await find(`from=${second}&direction=descending&type=collection.created${limit}`), [5, 4]);
        assert.deepEqual(await find(`to=${first}&actor=anonymous${limit}`), [1]);
        assert.deepEqual(await find(`from=2100-01-01T00:00:00Z${limit}`), []);
      }
      const wrong = await send(edge, `GET /v1/organizations/${id}/events?from=yesterday`);
      assert.deepEqual([told(wrong).slice(0, 2), pointersOf(wrong)], [[422, 'invalid_value'], ['?from']]);
      for (const query of ['after=-1', 'type=nothing', 'direction=up', 'cursor=x', 'sequence=1']) {
        const answer = await send(edge, `GET /v1/organizations/${id}/events?${query}`);
        assert.deepEqual([answer.status, pointersOf(answer)], [422, [`?${query.split('=')[0]}`]]);
      }
    });

    test('those of a deleted organization are the operator’s alone, by its id, until their days are over', async () => {
      await using edge = await open();
      const { clock, tenancy } = edge.opened;
      const { id, token } = await signUpByCall(edge, 'Acme');
      const globex = await signUp(tenancy, 'Globex');
      await done(edge, `DELETE /v1/organizations/${id}`, { token });
      const types = ['organization.created', 'user.signed_in', 'organization.deleted', 'organization.erased'];
      const found = await eventsOf(edge, id);
      assert.deepEqual(typesOf(found), types);
      assert.deepEqual(found[3]?.['data'], { name: 'Acme', collections: 1, documents: 0, bytes: 0 });
      assert.deepEqual((await verify(edge, id)).body['broken'], null);
      const absent = [404, 'organization_not_found'];
      const byName = await send(edge, 'GET /v1/organizations/Acme/events');
      const byOther = await send(edge, `GET /v1/organizations/${id}/events`, { token: globex.token });
      for (const answer of [byName, byOther]) assert.deepEqual(told(answer).slice(0, 2), absent);
      assert.equal((await send(edge, `GET /v1/organizations/${id}/events`, { token })).status, 401);
      await forgetEnded(tenancy, AbortSignal.timeout(60_000));
      assert.equal((await eventsOf(edge, id)).length, 4);
      await tenancy.records.commit([insert(relayPositions, { id, version: 1, sequence: 2 })]);
      clock.pass(400 * 24 * 60 * 60 * 1_000 + 1);
      await forgetEnded(tenancy, AbortSignal.timeout(60_000));
      assert.deepEqual(told(await send(edge, `GET /v1/organizations/${id}/events`)).slice(0, 2), absent);
      assert.deepEqual(await tenancy.records.list(events, 'organization_id', { prefix: id, limit: 9 }), []);
      assert.equal(await tenancy.records.get(relayPositions, id), undefined);
      // Of another organization everything is there.
      const { organization_id } = globex.caller;
      assert.deepEqual(typesOf(await eventsOf(edge, organization_id)), ['organization.created', 'user.signed_in']);
    });
  });
}
