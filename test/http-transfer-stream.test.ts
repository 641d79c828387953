import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { stopServer } from '../src/http/server.ts';
import type { DocumentPage } from '../src/store/documents.ts';
import { assertRefused } from './http-documents/calls.ts';
import { type DocumentsGround, makeCollection, openDocuments, stages, type Tenant } from './http-documents/ground.ts';
import { readExport } from './http-transfer/calls.ts';
import { closedGate, intercept, unavailable } from './intercept.ts';
import { soon } from './soon.ts';

const mebibyte = 1_048_576;

/** What is under way between a store and a slow reader: pages in memory, and what the system holds of a connection. */
const mostAhead = 16 * mebibyte;

/** Documents of 2 KiB each, 40 MiB in all. */
const many = 20_000;

/** More of them than the system holds of a connection. */
const some = 10_000;

/** Stores as many documents as are asked for. */
async function fill({ edge, placeOf }: DocumentsGround, tenant: Tenant, total: number): Promise<void> {
  const place = await placeOf(tenant);
  const members = JSON.stringify({ text: 'x'.repeat(2_048) });
  const time = '2026-11-24T09:30:00.000Z';
  for (let first = 0; first < total; first += 1_000) {
    const changes = Array.from({ length: Math.min(1_000, total - first) }, (_, number) => {
      const id = `d-${String(first + number).padStart(8, '0')}`;
      return { op: 'insert', document: { id, version: 1, created_at: time, updated_at: time, members } } as const;
    });
    const write = { collection: 'default', changes, quota: {} };
    const outcome = await edge.opened.tenancy.documents.write(place, write, performance.now() + 30_000);
    assert.equal(outcome.result, 'done');
  }
}

/** Has a say in each page that is read from here on. */
function onPage(ground: DocumentsGround, handle: (read: () => Promise<DocumentPage>) => Promise<DocumentPage>): void {
  const { tenancy } = ground.edge.opened;
  Object.assign(tenancy, { documents: intercept(tenancy.documents, 'list', handle) });
}

/** An export that has begun on a connection, of which nothing is read yet. */
interface Begun {
  readonly response: IncomingMessage;
  /** The server's end of the connection. */
  readonly socket: Socket;
}

async function begin({ edge: { server } }: DocumentsGround, { id, token }: Tenant): Promise<Begun> {
  await server.listen({ port: 0, host: '127.0.0.1' });
  const connected = once(server.server, 'connection');
  const { port } = server.server.address() as AddressInfo;
  const path = `/v1/organizations/${id}/export`;
  const request = get({ port, path, agent: false, headers: { authorization: `Bearer ${token}` } });
  const [[socket], [response]] = (await Promise.all([connected, once(request, 'response')])) as [
    [Socket],
    [IncomingMessage],
  ];
  return { response, socket };
}

/** What another call is answered, on a connection of its own. */
async function statusOf({ edge: { server } }: DocumentsGround, path = '/', token?: string): Promise<number> {
  const { port } = server.server.address() as AddressInfo;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = get({ port, path, agent: false, headers });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await text(response);
  return response.statusCode ?? 0;
}

/** Resolves when there is room for another call, as soon as no page is being made. */
async function roomIn(ground: DocumentsGround): Promise<void> {
  do while (ground.edge.server.workload.working > 0) await setImmediate();
  while ((await statusOf(ground)) !== 200);
}

/** What comes until the connection is cut, which it must be. */
async function untilCut(response: IncomingMessage): Promise<string> {
  let received = '';
  await assert.rejects(
    async () => {
      for await (const chunk of response) received += chunk;
    },
    { code: 'ECONNRESET' },
  );
  return received;
}

for (const stage of stages) {
  describe(`the stream of an export on ${stage.name}`, { timeout: 120_000 }, () => {
    test('a slow reader gets all, and little more than it has read is read for it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, many);
      let given = 0;
      onPage(ground, async (read) => {
        const page = await read();
        given += page.documents.reduce((sum, { members }) => sum + members.length, 0);
        return page;
      });
      const { response } = await begin(ground, acme);
      const chunks: Buffer[] = [];
      let received = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        received += chunk.length;
        assert.ok(given - received < mostAhead, `${given} bytes are read, ${received} have come`);
        // Turns in which all could be read.
        for (let turn = 0; turn < 4; turn++) await setImmediate();
      }
      const { manifest } = readExport(Buffer.concat(chunks).toString());
      assert.equal(manifest.documents, many);
      assert.ok(given > 2 * mostAhead);
    });

    test('a caller that hangs up ends the reading', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, some);
      let pages = 0;
      onPage(ground, (read) => {
        pages += 1;
        return read();
      });
      const { response, socket } = await begin(ground, acme);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      await once(response, 'readable');
      response.destroy();
      await soon(closed, 'the connection to close');
      const read = pages;
      for (let turn = 0; turn < 100; turn++) await acme.send('GET', '/usage');
      assert.ok(pages <= read + 1 && pages < 15, `${read} pages were read, then ${pages}`);
    });

    test('a service that stops ends it', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, some);
      const { response } = await begin(ground, acme);
      await once(response, 'readable');
      await stopServer(ground.edge.server, { seconds: 0.05 });
      assert.ok(!(await untilCut(response)).includes('"manifest"'));
    });

    test('a storage that fails in the midst cuts it before its manifest, which is logged', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, 2_000);
      let pages = 0;
      onPage(ground, (read) => {
        pages += 1;
        return pages === 3 ? Promise.reject(unavailable()) : read();
      });
      const { response } = await begin(ground, acme);
      assert.equal(response.statusCode, 200);
      const received = await untilCut(response);
      assert.ok(received.includes('"_id":"d-00000000"') && !received.includes('"manifest"'));
      const messages = ground.edge.opened.logged.map(({ message }) => message);
      assert.ok(messages.includes('an answer ended before it was complete'));
    });

    test('one whose organization or collection is deleted meanwhile is cut', async () => {
      for (const path of ['', '/collections/later']) {
        await using ground = await openDocuments(stage);
        const acme = await ground.tenant('Acme');
        await makeCollection(acme, 'later');
        await fill(ground, acme, 2_000);
        let pages = 0;
        onPage(ground, async (read) => {
          pages += 1;
          if (pages === 2) assert.equal((await ground.operate('DELETE', `/${acme.id}${path}`)).status, 200);
          return read();
        });
        const { response } = await begin(ground, acme);
        assert.ok(!(await untilCut(response)).includes('"manifest"'), path);
      }
    });

    test('a storage that fails at once is 503', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      let pages = 0;
      onPage(ground, (read) => {
        pages += 1;
        return pages === 1 ? Promise.reject(unavailable()) : read();
      });
      const answer = await acme.send('GET', '/export');
      assertRefused(answer, [503, 'storage_unavailable']);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
    });
  });

  describe(`the room of an export on ${stage.name}`, { timeout: 120_000 }, () => {
    test('one that nobody reads takes no room', async () => {
      await using ground = await openDocuments(stage, { settings: { REQUESTS: '1' } });
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, some);
      const gate = closedGate();
      onPage(ground, async (read) => {
        await gate.pass();
        return await read();
      });
      const [begun] = await Promise.all([
        begin(ground, acme),
        (async () => {
          await gate.reached();
          assert.equal(await statusOf(ground), 503);
          gate.open();
        })(),
      ]);
      using left = new DisposableStack();
      left.defer(() => void begun.response.destroy());
      // Pages are made until the system holds no more of the connection.
      await roomIn(ground);
      assert.ok(!begun.response.complete);
    });

    test('one in whose midst all room is taken waits for it, and is whole', async () => {
      await using ground = await openDocuments(stage, { settings: { REQUESTS: '1' } });
      const acme = await ground.tenant('Acme');
      await fill(ground, acme, some);
      let pages = 0;
      onPage(ground, (read) => {
        pages += 1;
        return read();
      });
      const { response } = await begin(ground, acme);
      using left = new DisposableStack();
      left.defer(() => void response.destroy());
      await roomIn(ground);
      const { tenancy } = ground.edge.opened;
      const gate = closedGate();
      const documents = intercept(tenancy.documents, 'usage', async (forward) => {
        await gate.pass();
        return await forward();
      });
      Object.assign(tenancy, { documents });
      const other = statusOf(ground, `/v1/organizations/${acme.id}/usage`, acme.token);
      await gate.reached();
      const before = pages;
      const whole = text(response);
      for (let turn = 0; turn < 100; turn++) assert.equal(await statusOf(ground), 503);
      assert.equal(pages, before);
      gate.open();
      assert.equal(readExport(await whole).manifest.documents, some);
      assert.equal(await other, 200);
      assert.ok(pages > before);
    });
  });
}
