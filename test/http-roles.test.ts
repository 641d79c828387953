import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { serves } from '../src/http/roles.ts';
import { type Role, routeNames, rowOf } from '../src/http/route-table.ts';
import { blocksOf, readPage } from './documentation/page.ts';
import { openEdge, type TestEdge, type TestSettings } from './http-edge.ts';

const parts = ['auth', 'organizations', 'documents'] as const;

/** Settings of a process with these roles, which only one that shares its database may have. */
function withRoles(...roles: readonly Role[]): TestSettings {
  return {
    DATABASE_URL: 'mongodb://db1',
    SECRET: 'A'.repeat(43),
    OPERATOR_TOKEN: 'o'.repeat(32),
    ROLES: roles.join(','),
  };
}

/** A path of a route, and its method. */
function callOf(row: string): readonly ['GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', string] {
  const [method = '', url = ''] = row.split(' ');
  return [method as 'GET', url.replace('*', 'start.js').replaceAll(/:\w+/g, 'acme')];
}

/** All of an answer but what differs from call to call. */
async function answerOf({ server }: TestEdge, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string) {
  const { statusCode, headers, body } = await server.inject({ method, url });
  const varying = ['x-request-id', 'date', 'ratelimit', 'content-length'];
  const kept = Object.entries(headers).filter(([name]) => !varying.includes(name));
  return { statusCode, headers: kept, body: body.replace(/"request_id":"[^"]+"/, '') };
}

/** All that a process may have: each set of roles, but for the empty one. */
const combinations: readonly (readonly Role[])[] = Array.from({ length: 15 }, (_, place) =>
  ([...parts, 'worker'] as const).filter((_role, bit) => ((place + 1) & (1 << bit)) !== 0),
);

describe('roles', () => {
  test('all methods of a path are of one role', () => {
    const rolesOf = new Map<string, Set<string>>();
    for (const row of routeNames) {
      const [method = '', url = ''] = row.split(' ');
      rolesOf.set(url, (rolesOf.get(url) ?? new Set()).add(rowOf(method, url).role));
    }
    assert.deepEqual(
      [...rolesOf].filter(([, roles]) => roles.size > 1),
      [],
    );
  });

  test('a route without a row, or of a role that the process does not have, cannot be added', async () => {
    await using edge = await openEdge(withRoles('auth'));
    assert.throws(() => edge.server.get('/v1/secrets', () => ({})), /has no row in src\/http\/route-table\.ts/);
    assert.throws(() => edge.server.get('/v1/clusters', () => ({})), /is of the role organizations/);
  });

  for (const roles of combinations) {
    test(`a process with ${roles.join(', ')} has its routes, and no others`, async () => {
      await using edge = await openEdge(withRoles(...roles));
      await edge.server.ready();
      const standing = routeNames.filter((row) => {
        const [method, url] = callOf(row);
        return edge.server.findRoute({ method, url: row.includes('*') ? url : (row.split(' ')[1] ?? '') }) !== null;
      });
      const expected = routeNames.filter((row) => {
        const [method = '', url = ''] = row.split(' ');
        return serves(roles, rowOf(method, url).role);
      });
      assert.deepEqual(standing, expected);
      assert.ok(expected.includes('GET /health/ready') && expected.includes('GET /metrics'));
    });
  }

  test('of another role every call is answered as one of a path that nobody has, whatever its method', async () => {
    for (const own of [...parts, 'worker'] as const) {
      await using edge = await openEdge(withRoles(own));
      const nothing = await answerOf(edge, 'GET', '/nowhere');
      assert.equal(nothing.statusCode, 404);
      for (const row of routeNames) {
        const [method, url] = callOf(row);
        if (serves([own], rowOf(method, row.split(' ')[1] ?? '').role)) continue;
        for (const each of new Set([method, 'GET', 'POST', 'DELETE'] as const)) {
          assert.deepEqual(await answerOf(edge, each, url), nothing, `${each} ${url} of ${own}`);
        }
      }
    }
  });

  test('the log names the role of what was asked of the wrong process, and none for a path of nobody', async () => {
    await using edge = await openEdge(withRoles('documents'));
    await edge.server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = edge.server.server.address() as AddressInfo;
    const asked = [
      ['POST', '/admin/login?password=secret'],
      ['GET', '/v1/organizations/acme'],
      ['DELETE', '/org/create'],
      ['GET', '/nowhere'],
      ['GET', '/v1/organizations/acme/usage'],
    ] as const;
    for (const [method, path] of asked) {
      await (await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } })).text();
    }
    await edge.server.close();
    const lines = edge.opened.logged.filter(({ message }) => message === 'answered');
    assert.deepEqual(
      lines.map(({ fields }) => {
        const { route, status, role } = fields as Record<string, unknown>;
        return [route, status, role];
      }),
      [
        ['unknown', 404, 'auth'],
        ['unknown', 404, 'organizations'],
        ['unknown', 404, 'organizations'],
        ['unknown', 404, undefined],
        ['/v1/organizations/:organization/usage', 401, undefined],
      ],
    );
    assert.ok(!JSON.stringify(lines).includes('secret'));
  });

  test('the table for a gateway that docs/operations.md shows leads every call to its role', () => {
    const shown = blocksOf(readPage('docs/operations.md')).find(({ text }) => text.startsWith('map $request_uri'));
    const [first = '', ...rest] = [...(shown?.text ?? '').matchAll(/^ {2}(\S+) (\w+);$/gm)].map((row) => row.slice(1));
    assert.deepEqual(first, ['default', 'organizations']);
    const leadsTo = (uri: string) =>
      rest.find(([pattern = '']) => new RegExp(pattern.slice(1)).test(uri))?.[1] ?? 'organizations';
    for (const row of routeNames) {
      const [method, url] = callOf(row);
      const role = rowOf(method, row.split(' ')[1] ?? '').role;
      if (role === 'process' || role === 'api') continue;
      for (const uri of [url, `${url}?limit=5`, url.replace('acme', 'a%2Fb')]) assert.equal(leadsTo(uri), role, uri);
    }
  });

  test('each process that takes calls describes the whole API, and one that takes none nothing', async () => {
    const described = async (...roles: readonly Role[]) => {
      await using edge = await openEdge(withRoles(...roles));
      return await answerOf(edge, 'GET', '/openapi.json');
    };
    const whole = await described(...parts);
    assert.ok(Object.keys(JSON.parse(whole.body).paths).length > 20);
    for (const part of parts) assert.deepEqual((await described(part)).body, whole.body);
    assert.equal((await described('worker')).statusCode, 404);
  });
});
