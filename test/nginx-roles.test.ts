import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { blocksOf, readPage } from './documentation/page.ts';
import { missing } from './mongodb/address.ts';
import { lackingNginx, type NginxPlace, runNginx } from './nginx-server.ts';
import { call, create, read, signIn } from './service/calls.ts';
import { mongodb } from './service/cut-ground.ts';
import { openServiceGround } from './service/ground.ts';

const roles = ['auth', 'organizations', 'documents'] as const;

/** The table that the page shows, in a configuration that has nothing else. */
function configured(urls: readonly string[], { port, folder }: NginxPlace): string {
  const table = blocksOf(readPage('docs/operations.md')).find(({ text }) => text.startsWith('map $request_uri'));
  const upstreams = roles.map((role, place) => `upstream ${role} { server ${new URL(urls[place] ?? '').host}; }`);
  return [
    `pid ${folder}/nginx.pid;`,
    'error_log stderr notice;',
    'events {}',
    'http {',
    `access_log ${folder}/access.log;`,
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`),
    table?.text,
    ...upstreams,
    `server { listen 127.0.0.1:${port}; location / { proxy_pass http://$service; } }`,
    '}',
  ].join('\n');
}

suite('services of one role each behind nginx', { skip: missing || lackingNginx, timeout: 120_000 }, () => {
  test('are one API to their callers, by the table that docs/operations.md shows', async () => {
    await using ground = await openServiceGround(mongodb);
    const services = await Promise.all(roles.map((role) => ground.start({ ROLES: role })));
    await using nginx = await runNginx((place) =>
      configured(
        services.map(({ url }) => url),
        place,
      ),
    );
    const { url } = nginx;
    assert.equal((await create(url, 'acme')).status, 201);
    assert.equal((await read(url, 'acme')).status, 200);
    const token = await signIn(url, 'acme');
    const path = '/v1/organizations/acme';
    const made = await call(url, ['POST', `${path}/collections`], { body: { name: 'notes' }, token });
    assert.equal(made.status, 201);
    const documents = `${path}/collections/notes/documents`;
    assert.equal((await call(url, ['POST', documents], { body: { text: 'hello' }, token })).status, 201);
    for (const each of [path, `${path}/usage`, `${path}/events?limit=1`, '/.well-known/jwks.json', '/']) {
      assert.equal((await call(url, ['GET', each], { token })).status, 200, each);
    }
  });
});
