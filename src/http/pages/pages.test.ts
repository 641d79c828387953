import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { buildFramework, type Server } from '../framework.ts';
import { pagesRoutes } from './pages.ts';

const PAGES = ['/docs', '/redoc'];

const sample = {
  openapi: '3.1.1',
  info: { title: 'Sample', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
  servers: [{ url: '/' }],
  paths: {
    '/sample/path': {
      get: {
        operationId: 'getSample',
        summary: 'Read a sample',
        responses: {
          200: {
            description: 'A sample',
            content: {
              'application/json': { schema: { type: ['object', 'null'], properties: { id: { type: 'string' } } } },
            },
          },
        },
      },
    },
  },
};

function directoryFor(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tenantry-pages-'));
  context.after(() => rmSync(directory, { recursive: true, maxRetries: 5 }));
  return directory;
}

/** A server with the pages of the sample; `asked` gathers the answers as `200 /docs`. */
function serverFor(context: TestContext): { server: Server; asked: string[] } {
  const file = join(directoryFor(context), 'openapi.json');
  writeFileSync(file, JSON.stringify(sample));
  const asked: string[] = [];
  const silent = { info: () => {}, warn: () => {}, error: () => {}, audit: () => {} };
  const server = buildFramework({
    log: silent,
    onAnswer: ({ status, route }) => asked.push(`${status} ${route}`),
    limits: undefined,
    hashesWaiting: () => 0,
    elsewhere: () => undefined,
    settings: {
      PUBLIC_URL: undefined,
      TRUST_PROXY: false,
      CORS_ORIGINS: undefined,
      REQUEST_TIMEOUT_SECONDS: 15,
      BODY_LIMIT_BYTES: 1_024,
      REQUESTS: 600,
    },
  });
  pagesRoutes(server, pathToFileURL(file));
  context.after(() => server.close());
  return { server, asked };
}

/** The origin of the server, listening. */
async function listening(server: Server): Promise<string> {
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

test('the description is served as it stands in its file', async (context) => {
  const { server } = serverFor(context);
  const answer = await server.inject('/openapi.json');
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers['content-type']), /^application\/json/);
  assert.deepEqual(answer.json(), sample);
});

test('whatever a page names is served from here, with its type', async (context) => {
  const { server } = serverFor(context);
  const types = { js: /^text\/javascript/, css: /^text\/css/, json: /^application\/json/ };
  for (const page of PAGES) {
    const { body, headers } = await server.inject(page);
    assert.match(String(headers['content-type']), /^text\/html/);
    const named = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url = '']) => url);
    assert.ok(named.length >= 5, page);
    for (const url of named.filter((each) => each !== 'data:,')) {
      assert.doesNotMatch(url, /^\/|:/, 'relative, so that it holds under any path of a proxy');
      const answer = await server.inject(`/${url}`);
      assert.equal(answer.statusCode, 200, url);
      assert.match(String(answer.headers['content-type']), types[url.split('.').at(-1) as keyof typeof types], url);
    }
  }
});

test('a page may load from here alone and runs no script but files', async (context) => {
  const { server } = serverFor(context);
  for (const page of PAGES) {
    const { headers, body } = await server.inject(page);
    const policy = new Map(
      String(headers['content-security-policy'])
        .split('; ')
        .map((directive) => [directive.split(' ', 1)[0], directive.slice(directive.indexOf(' ') + 1)]),
    );
    assert.equal(policy.get('default-src'), "'none'");
    assert.equal(policy.get('script-src'), "'self'");
    assert.equal(policy.get('connect-src'), "'self'");
    assert.equal(policy.get('img-src'), "'self' data:");
    assert.doesNotMatch([...policy.values()].join(' '), /\*|https?:|blob:|unsafe-eval/);
    assert.doesNotMatch(body, /<script>|<style| style=| on\w+=/);
  }
});

test('the policy of a page takes the place of the one that all other answers have', async (context) => {
  const { server } = serverFor(context);
  const origin = await listening(server);
  const policyOf = async (path: string) => (await fetch(origin + path)).headers.get('content-security-policy') ?? '';
  for (const page of PAGES) assert.match(await policyOf(page), /script-src 'self'/);
  for (const path of ['/docs/start.js', '/openapi.json', '/missing']) {
    assert.equal(await policyOf(path), "default-src 'none'; frame-ancestors 'none'", path);
  }
});

test('the page of ReDoc does not name the picture that its makers serve', async (context) => {
  const { server } = serverFor(context);
  assert.doesNotMatch((await server.inject('/redoc/redoc.standalone.js')).body, /cdn\.redoc\.ly/);
});

test('what the caller has is not sent again', async (context) => {
  const { server } = serverFor(context);
  for (const path of ['/docs', '/docs/swagger-ui-bundle.js', '/openapi.json']) {
    const first = await server.inject(path);
    const etag = String(first.headers.etag);
    assert.match(etag, /^"[\w-]{43}"$/);
    assert.equal(first.headers['cache-control'], 'no-cache');
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const again = await server.inject({ url: path, headers: { 'if-none-match': known } });
      assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', etag], known);
    }
    const other = await server.inject({ url: path, headers: { 'if-none-match': '"other"' } });
    assert.deepEqual([other.statusCode, other.body], [200, first.body]);
  }
});

test('only what the pages need is there, and only to be read', async (context) => {
  const { server } = serverFor(context);
  for (const path of [
    '/docs/package.json',
    '/docs/..%2fpages.ts',
    '/redoc/swagger-ui.css',
    '/docs/',
    '/docs/index.html',
  ]) {
    assert.equal((await server.inject(path)).statusCode, 404, path);
  }
  assert.equal((await server.inject({ url: '/docs', method: 'POST' })).statusCode, 405);
  assert.equal((await server.inject({ url: '/docs', method: 'HEAD' })).statusCode, 200);
});

const chromium = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((directory) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(directory, name)))
  .find((path) => existsSync(path));

/** What a browser makes of a page: its tree in the end, and what it complained of. */
async function browse(context: TestContext, url: string): Promise<{ tree: string; complaints: string[] }> {
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${directoryFor(context)}`,
    '--enable-logging=stderr',
    '--virtual-time-budget=15000',
    '--dump-dom',
  ];
  const { stdout, stderr } = await promisify(execFile)(chromium ?? '', [...options, url], { maxBuffer: 1 << 26 });
  return { tree: stdout, complaints: stderr.split('\n').filter((line) => line.includes(':CONSOLE')) };
}

test('in a browser both pages show the calls, load nothing from elsewhere and break no policy', {
  skip: chromium === undefined && 'no chromium in PATH',
  timeout: 120_000,
}, async (context) => {
  const { server, asked } = serverFor(context);
  server.get('/foreign', async (_request, reply) => {
    const { headers } = await server.inject('/docs');
    reply.header('content-security-policy', headers['content-security-policy']).type('text/html');
    return '<img src="http://127.0.0.1:1/x.png">';
  });
  const origin = await listening(server);
  for (const page of PAGES) {
    const { tree, complaints } = await browse(context, origin + page);
    assert.ok(tree.replaceAll(/<wbr>|\u200b/g, '').includes('/sample/path'), `${page} does not show the call`);
    assert.ok(tree.includes('Read a sample'));
    assert.deepEqual(complaints, [], page);
  }
  assert.deepEqual(
    asked.filter((answer) => !answer.startsWith('200 ')),
    [],
  );
  // That a foreign picture would have been noticed.
  assert.match((await browse(context, `${origin}/foreign`)).complaints.join(), /Content Security Policy/);
});
