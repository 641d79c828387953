import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { routeNames, rowOf } from '../src/http/route-table.ts';
import { deleteOrganization } from '../src/organizations/delete.ts';
import { organizations } from '../src/organizations/organization.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import { replace } from '../src/store/records.ts';
import { engines } from './engines.ts';
import { openEdge, type TestEdge, type TestSettings } from './http-edge.ts';
import { addOrganization, byTest, signIn, signUp, type TestAdmin } from './tenancy.ts';

const operator = 'o'.repeat(32);
const withOperator: TestSettings = { OPERATOR_TOKEN: operator };

/** Whose token a call is made with; undefined sends none. */
type Token = string | undefined;

async function get({ server }: TestEdge, path: string, token: Token, more: Record<string, string> = {}) {
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...more };
  const { statusCode, headers: told, body } = await server.inject({ url: path, headers });
  return { status: statusCode, headers: told, body: body === '' ? undefined : JSON.parse(body) };
}

/** All of an answer but what names the request. */
async function answerOf(edge: TestEdge, path: string, token: Token) {
  const { status, headers, body } = await get(edge, path, token);
  const varying = ['x-request-id', 'date', 'ratelimit'];
  const kept = Object.entries(headers).filter(([name]) => !varying.includes(name));
  return { status, headers: kept, body: { ...body, request_id: '' } };
}

function pathOf(selector: string, rest = ''): string {
  return `/v1/organizations/${encodeURIComponent(selector)}${rest}`;
}

/** The id of an admin's organization. */
function idOf({ caller }: Pick<TestAdmin, 'caller'>): string {
  return caller.organization_id;
}

describe('who may call', () => {
  test('every route has its row and every row its route', async () => {
    await using edge = await openEdge();
    await edge.server.ready();
    const unused = routeNames.filter((row) => {
      const [method = '', url = ''] = row.split(' ');
      const path = url.replace(/\*$/, 'start.js').replace(':organization', 'acme');
      return edge.server.findRoute({ method: method as 'GET', url: url.endsWith('*') ? path : url }) === null;
    });
    assert.deepEqual(unused, []);
  });

  test('a route without a row cannot be added', async () => {
    await using edge = await openEdge();
    assert.throws(
      () => edge.server.get('/v1/secrets', () => ({})),
      /GET \/v1\/secrets has no row in src\/http\/route-table\.ts/,
    );
    assert.throws(() => edge.server.delete('/v1/organizations', () => ({})), /DELETE .* has no row/);
    for (const url of ['/docs/../v1', '/docs/a/b', '/v1/organizations/:organization/placement/more']) {
      assert.throws(() => rowOf('GET', url), url);
    }
  });

  test('the HEAD of a route asks for what its GET does', async () => {
    await using edge = await openEdge(withOperator);
    const head = async (token: Token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await edge.server.inject({ method: 'HEAD', url: pathOf('Acme'), headers })).statusCode;
    };
    await signUp(edge.opened.tenancy, 'Acme');
    assert.deepEqual([await head(undefined), await head(operator)], [401, 200]);
  });
});

for (const engine of engines) {
  describe(`organizations by id or name on the ${engine.name} engine`, () => {
    test('their admin and the operator read one by its id and by its name in every spelling', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const acme = await signUp(edge.opened.tenancy, 'Große  Straße');
      const shown = {
        id: idOf(acme),
        name: 'Große  Straße',
        status: 'active',
        collection_name: acme.view.collection_name,
        admin: { id: acme.caller.user_id, email: acme.email },
        quotas: { documents: null, bytes: null, collections: null },
        limits: { calls_per_minute: null },
        created_at: acme.view.created_at,
        updated_at: acme.view.created_at,
      };
      for (const selector of [idOf(acme), 'Große  Straße', 'GROSSE STRASSE', ' große straße ']) {
        for (const token of [acme.token, operator]) {
          const { status, body, headers } = await get(edge, pathOf(selector), token);
          assert.deepEqual([status, body], [200, shown], selector);
          assert.equal(headers['cache-control'], 'no-store');
        }
      }
    });

    test('an organization of others and one that is not there are the same to the byte, by every name for them', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { tenancy } = edge.opened;
      const acme = await signUp(tenancy, 'Acme');
      // Names that are prefixes of each other, or differ in case alone, are no way in.
      const others = [await signUp(tenancy, 'Acme 2'), await signUp(tenancy, 'Acm'), await signUp(tenancy, 'Globex')];
      const absent = await answerOf(edge, pathOf('Nobody'), acme.token);
      assert.deepEqual([absent.status, absent.body.code], [404, 'organization_not_found']);
      const unknownId = idOf(acme).replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      const names = ['Acme 2', 'ACM', 'Globex', ' ', '%', 'x'.repeat(1_000), '\0', unknownId, 'org_', `${idOf(acme)} `];
      for (const selector of [...names, ...others.map(idOf)]) {
        assert.deepEqual(await answerOf(edge, pathOf(selector), acme.token), absent, selector);
      }
      // The operator's calls count against fewer limits.
      const toOperator = await answerOf(edge, pathOf('Nobody'), operator);
      assert.deepEqual(toOperator.body, absent.body);
      assert.deepEqual(await answerOf(edge, pathOf(unknownId), operator), toOperator);
    });

    test('without a live token nobody is told anything, and the same of all', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { tenancy, clock } = edge.opened;
      const [acme, gone] = [await signUp(tenancy, 'Acme'), await signUp(tenancy, 'Gone')];
      await deleteOrganization(tenancy, gone.caller, 'Gone', byTest);
      await updateOrganization(
        tenancy,
        acme.caller,
        { organization_name: 'Acme', password: 'another password' },
        byTest,
      );
      const expired = (await signIn(tenancy, acme.email, 'another password')).token;
      clock.pass(31 * 60_000);
      const dead = [undefined, 'o'.repeat(31), `${operator}o`, 'a.b.c', acme.token, gone.token, expired];
      for (const rest of ['', '/placement']) {
        for (const selector of ['Acme', idOf(acme), 'Gone', 'Nobody']) {
          for (const token of dead) {
            const { status, body, headers } = await get(edge, pathOf(selector, rest), token);
            assert.deepEqual([status, body.code, headers['www-authenticate']], [401, 'not_authenticated', 'Bearer']);
          }
        }
      }
    });

    test("what is the operator's is not there for an admin, and where there is no operator for nobody", async () => {
      await using edge = await openEdge(withOperator, { engine });
      const acme = await signUp(edge.opened.tenancy, 'Acme');
      const { status, body } = await get(edge, pathOf('Acme', '/placement'), operator);
      assert.deepEqual(
        [status, Object.keys(body)],
        [200, ['level', 'cluster', 'database', 'collection_name', 'epoch']],
      );
      assert.deepEqual([body.level, body.cluster, body.collection_name], ['collection', 'main', 'org_acme']);
      const nothing = await answerOf(edge, pathOf('Acme', '/placement'), acme.token);
      assert.deepEqual([nothing.status, nothing.body.code], [404, 'route_not_found']);
      assert.deepEqual(await answerOf(edge, pathOf('Nobody', '/placement'), acme.token), nothing);
      await using without = await openEdge({}, { engine });
      const other = await signUp(without.opened.tenancy, 'Acme');
      for (const token of [undefined, operator, other.token]) {
        assert.deepEqual(await answerOf(without, pathOf('Acme', '/placement'), token), nothing);
      }
      assert.equal((await get(without, pathOf('Acme'), operator)).status, 401);
    });

    test('a user who is the admin of two organizations reads with a token that one alone', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { tenancy } = edge.opened;
      const acme = await signUp(tenancy, 'Acme');
      const second = await addOrganization(tenancy, acme.caller, 'Globex');
      assert.equal((await get(edge, pathOf('Acme'), acme.token)).status, 200);
      for (const selector of ['Globex', second.organization_id]) {
        assert.equal((await get(edge, pathOf(selector), acme.token)).status, 404);
        assert.equal((await get(edge, pathOf(selector), operator)).status, 200);
      }
    });

    test('one that is deleted is gone for the operator too, by its id and by its name', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { tenancy } = edge.opened;
      const acme = await signUp(tenancy, 'Acme');
      await deleteOrganization(tenancy, acme.caller, 'Acme', byTest);
      const again = await signUp(tenancy, 'Acme');
      assert.equal((await get(edge, pathOf(idOf(acme)), operator)).status, 404);
      assert.equal((await get(edge, pathOf('Acme'), operator)).body.id, idOf(again));
    });

    test('a tag changes with the name and with the email, and is never that of a newcomer', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { tenancy } = edge.opened;
      const acme = await signUp(tenancy, 'Acme');
      const tags = new Set<string>();
      const look = async (selector: string, expected: number) => {
        const known = [...tags].join(', ');
        const { status, headers } = await get(
          edge,
          pathOf(selector),
          operator,
          known === '' ? {} : { 'if-none-match': known },
        );
        assert.equal(status, expected, selector);
        tags.add(String(headers['etag']));
      };
      await look('Acme', 200);
      await look('Acme', 304);
      await updateOrganization(tenancy, acme.caller, { organization_name: 'Acme', email: 'other@example.com' }, byTest);
      await look('Acme', 200);
      await updateOrganization(
        tenancy,
        acme.caller,
        { organization_name: 'Acme', new_organization_name: 'ACME' },
        byTest,
      );
      await look('Acme', 200);
      await look(idOf(acme), 304);
      await deleteOrganization(tenancy, acme.caller, 'Acme', byTest);
      await signUp(tenancy, 'Acme');
      await look('Acme', 200);
      assert.equal(tags.size, 4);
    });

    test('each answer to the operator, and to an admin, is in the log with who it was', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const acme = await signUp(edge.opened.tenancy, 'Acme');
      await edge.server.listen({ port: 0, host: '127.0.0.1' });
      const { port } = edge.server.server.address() as AddressInfo;
      for (const token of [operator, acme.token, 'x'.repeat(32)]) {
        const url = `http://127.0.0.1:${port}${pathOf('Acme')}`;
        await (await fetch(url, { headers: { authorization: `Bearer ${token}`, connection: 'close' } })).text();
      }
      await edge.server.close();
      const lines = edge.opened.logged.filter(({ message }) => message === 'answered');
      assert.deepEqual(
        lines.map(({ level, fields }) => {
          const { caller, organization, status } = fields as Record<string, unknown>;
          return [level, caller, organization, status];
        }),
        [
          // That of the operator is there whatever the least level is.
          ['audit', 'operator', idOf(acme), 200],
          ['info', acme.caller.user_id, idOf(acme), 200],
          ['info', undefined, undefined, 401],
        ],
      );
      assert.ok(!JSON.stringify(edge.opened.logged).includes(operator));
    });

    test('one whose creation is not finished is shown as it is', async () => {
      await using edge = await openEdge(withOperator, { engine });
      const { records } = edge.opened.tenancy;
      const acme = await signUp(edge.opened.tenancy, 'Acme');
      const stored = await records.get(organizations, idOf(acme));
      assert.ok(stored);
      await records.commit([replace(organizations, { ...stored, status: 'creating' })]);
      assert.equal((await get(edge, pathOf('Acme'), acme.token)).body.status, 'creating');
    });
  });
}
