import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { missing } from './mongodb/address.ts';
import { openBehindNginx } from './nginx-ground.ts';
import { changes, dyingInstances } from './nginx-instances.ts';
import { lackingNginx, startNginx } from './nginx-server.ts';
import { create, read, remove, signIn } from './service/calls.ts';
import type { Service } from './service/service.ts';

suite('nginx, as deploy/ configures it', { skip: lackingNginx, timeout: 60_000 }, () => {
  for (const [method, path] of changes) {
    test(`${method} ${path} is not repeated where it may have been done`, async () => {
      await using instances = await dyingInstances();
      await using nginx = await startNginx(instances.urls);
      const { status } = await fetch(`${nginx.url}${path}`, { method, ...(method !== 'DELETE' && { body: '{}' }) });
      assert.equal(status, 502);
      assert.deepEqual(instances.calls, [`${method} ${path}`]);
    });
  }

  const repeated = [
    ['POST', '/v1/organizations', { 'idempotency-key': 'one' }],
    ['POST', '/v1/organizations/acme/collections/default/documents', { 'idempotency-key': 'one' }],
    ['POST', '/v1/organizations/acme/collections/default/documents/batch', { 'idempotency-key': 'one' }],
    ['PUT', '/v1/organizations/acme/collections/default/documents/one', {}],
  ] as const;
  for (const [method, path, headers] of repeated) {
    test(`${method} ${path} ${JSON.stringify(headers)} is asked of the other instance where one dies of it`, async () => {
      await using instances = await dyingInstances();
      await using nginx = await startNginx(instances.urls);
      const answer = await fetch(`${nginx.url}${path}`, { method, headers, body: '{"a":1}' });
      assert.equal(await answer.text(), 'done');
      assert.deepEqual(instances.calls, [`${method} ${path}`, `${method} ${path}`]);
    });
  }

  const keptTo = [
    ['PUT', '/v1/organizations/acme/collections/default/documents/one', { 'if-match': '"1"' }],
    ['PUT', '/v1/organizations/acme/collections/default/documents/one', { 'if-none-match': '*' }],
    ['POST', '/org/create', { 'idempotency-key': 'one' }],
    ['POST', '/admin/login', { 'idempotency-key': 'one' }],
    ['POST', '/v1/organizations/acme/import', { 'idempotency-key': 'one' }],
  ] as const;
  for (const [method, path, headers] of keptTo) {
    test(`${method} ${path} ${JSON.stringify(headers)} is not repeated`, async () => {
      await using instances = await dyingInstances();
      await using nginx = await startNginx(instances.urls);
      assert.equal((await fetch(`${nginx.url}${path}`, { method, headers, body: '{}' })).status, 502);
      assert.equal(instances.calls.length, 1);
    });
  }

  test('what may be repeated is asked of the other instance where one does not answer in time, and nothing else is', async () => {
    const answers = [
      ['GET', 200],
      ['PUT', 200],
      ['POST', 504],
    ] as const;
    await Promise.all(
      answers.map(async ([method, status]) => {
        await using instances = await dyingInstances({ isSilent: true });
        await using nginx = await startNginx(instances.urls, { isHurried: true });
        const url = `${nginx.url}/v1/organizations/acme/collections/default/documents/one`;
        const answer = await fetch(url, { method, ...(method !== 'GET' && { body: '{}' }) });
        assert.deepEqual([answer.status, instances.calls.length], [status, status === 200 ? 2 : 1], method);
      }),
    );
  });

  test('a path reaches the instance as it was sent, whatever is escaped in it and however it may be repeated', async () => {
    await using instances = await dyingInstances();
    instances.calls.push('the first call is over');
    await using nginx = await startNginx(instances.urls);
    const name = 'a%2Fb%20%3Fc%25..%2f%E2%82%AC';
    const sent = (['GET', 'PUT', 'POST', 'PATCH', 'DELETE'] as const).map((method) => [
      method,
      `/v1/organizations/${name}/collections/x/documents/${name}?a=%2F&b=1`,
    ]);
    for (const [method = '', path] of sent) {
      await fetch(`${nginx.url}${path}`, { method, ...(method !== 'GET' && { body: '{}' }) });
    }
    assert.deepEqual(
      instances.calls.slice(1),
      sent.map((each) => each.join(' ')),
    );
  });

  test('a body as large as a batch may be passes, and a larger one does not', async () => {
    await using instances = await dyingInstances();
    instances.calls.push('the first call is over');
    await using nginx = await startNginx(instances.urls);
    const send = async (bytes: number) => {
      const answer = await fetch(`${nginx.url}/v1/organizations/acme/import`, {
        method: 'POST',
        body: 'x'.repeat(bytes),
      });
      await answer.text();
      return answer.status;
    };
    assert.deepEqual([await send(8_388_608), await send(8_388_609)], [200, 413]);
  });

  test('log-ins of one address past a burst are 429, and no other call is', async () => {
    await using instances = await dyingInstances();
    instances.calls.push('the first call is over');
    await using nginx = await startNginx(instances.urls);
    const ask = async (path: string) => {
      const answer = await fetch(`${nginx.url}${path}`, { method: 'POST', body: '{}' });
      await answer.text();
      return answer.status;
    };
    const many = (path: string) => Promise.all(Array.from({ length: 200 }, () => ask(path)));
    assert.deepEqual(new Set(await many('/org/create')), new Set([200]));
    const statuses = await many('/admin/login');
    assert.deepEqual(new Set(statuses), new Set([200, 429]));
    assert.ok(statuses.filter((status) => status === 200).length >= 60);
  });

  test('a read whose instance dies is asked of the other', async () => {
    await using instances = await dyingInstances();
    await using nginx = await startNginx(instances.urls);
    const path = '/org/get?organization_name=acme';
    assert.equal(await (await fetch(`${nginx.url}${path}`)).text(), 'done');
    assert.deepEqual(instances.calls, [`GET ${path}`, `GET ${path}`]);
  });

  test("a caller's trace reaches no instance, and who called does", async () => {
    await using instances = await dyingInstances();
    await using nginx = await startNginx(instances.urls);
    const headers = { traceparent: `00-${'f'.repeat(32)}-${'e'.repeat(16)}-01`, tracestate: 'a=b', other: 'c' };
    await (await fetch(nginx.url, { headers })).text();
    const told = ['traceparent', 'tracestate', 'other', 'x-forwarded-for'].map((name) => instances.fields.has(name));
    assert.deepEqual(told, [false, false, true, true]);
  });

  for (const [method, path] of changes) {
    test(`${method} ${path} that reached nobody goes to the other instance`, async () => {
      await using instances = await dyingInstances();
      instances.calls.push('the first call is over');
      const [standing] = instances.urls;
      await using gone = await dyingInstances();
      await using nginx = await startNginx([gone.urls[0], standing]);
      await gone[Symbol.asyncDispose]();
      const ask = () => fetch(`${nginx.url}${path}`, { method, ...(method !== 'DELETE' && { body: '{}' }) });
      assert.deepEqual(
        (await Promise.all([ask(), ask()])).map(({ status }) => status),
        [200, 200],
      );
      assert.deepEqual(instances.calls.slice(1), [`${method} ${path}`, `${method} ${path}`]);
    });
  }
});

/** Calls from an address of this machine that is not nginx's. */
async function readFrom(localAddress: string, url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const asked = request(`${url}/org/get?organization_name=acme`, { localAddress, headers, agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  await json(answer);
  return answer;
}

/** The log's line about a request. */
function lineOf(logs: readonly string[], id: unknown): { readonly address?: string } {
  const lines = logs.flatMap((log) => log.split('\n')).filter((line) => line.includes(`"request_id":"${id}"`));
  assert.equal(lines.length, 1, `one line has the request id ${id}`);
  return JSON.parse(lines[0] ?? '{}');
}

/** Resolves when a service has written this to its log. */
async function lineWritten({ process: { stdout } }: Service, sought: string): Promise<void> {
  let written = '';
  while (!written.includes(sought)) {
    if (stdout === null) throw new Error('the log of the service is not read');
    const [chunk] = await once(stdout, 'data');
    written += chunk;
  }
}

/** Reads without a pause until told to end; gives the statuses. */
async function readOn(url: string, signal: AbortSignal): Promise<number[]> {
  const statuses: number[] = [];
  while (!signal.aborted) statuses.push((await read(url, 'acme')).status);
  return statuses;
}

suite('two instances on MongoDB behind nginx', { skip: missing || lackingNginx, timeout: 120_000 }, () => {
  test('calls work through it, and the service logs the true address and the request id of nginx', async () => {
    await using ground = await openBehindNginx(2);
    const { nginx, instances } = ground;
    assert.equal((await create(nginx.url, 'acme')).status, 201);
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'forged' };
    const { headers } = await readFrom('127.0.0.2', nginx.url, forged);
    const token = await signIn(nginx.url, 'acme');
    assert.equal((await remove(nginx.url, 'acme', token)).status, 200);
    assert.equal((await fetch(`${nginx.url}/metrics`)).status, 404);
    const ended = await Promise.all(instances.map((instance) => instance.stop()));
    const id = headers['x-request-id'];
    assert.notEqual(id, 'forged');
    const { address } = lineOf(
      ended.map(({ out }) => out),
      id,
    );
    assert.equal(address, '127.0.0.2');
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`no read fails while an instance is ended by ${signal}`, async () => {
      await using ground = await openBehindNginx(2);
      const { nginx, instances } = ground;
      assert.equal((await create(nginx.url, 'acme')).status, 201);
      const ending = new AbortController();
      const [first] = instances;
      assert.ok(first);
      const answered = lineWritten(first, '"msg":"answered"');
      const reading = Array.from({ length: 4 }, () => readOn(nginx.url, ending.signal));
      await Promise.all(Array.from({ length: 20 }, () => read(nginx.url, 'acme')));
      await answered;
      const ended = await first.stop(signal);
      await Promise.all(Array.from({ length: 20 }, () => read(nginx.url, 'acme')));
      ending.abort();
      const statuses = (await Promise.all(reading)).flat();
      assert.deepEqual([...new Set(statuses)], [200]);
      assert.match(ended.out, /"msg":"answered"/);
    });
  }
});
