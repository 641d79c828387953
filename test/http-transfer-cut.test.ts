import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import type { Imported } from '../src/documents/import.ts';
import { TenantryError } from '../src/errors.ts';
import {
  type DocumentsGround,
  documentsOf,
  everyDocument,
  openDocuments,
  stages,
  type Tenant,
} from './http-documents/ground.ts';
import { imported, importInto, lineOf, ndjson } from './http-transfer/calls.ts';
import { intercept } from './intercept.ts';

/** Lines of a part: more than are written in one transaction. */
const lines = 500;

function partOf(number: number): string {
  return Array.from({ length: lines }, (_, line) => lineOf({ _id: `d-${number}-${line}`, number, line })).join('');
}

/** Sends the head of an import, and so much of its body. */
async function begin(
  { edge: { server } }: DocumentsGround,
  { id, token }: Tenant,
  { part, sent }: { readonly part: string; readonly sent: number },
): Promise<{ readonly client: Socket; readonly cut: Promise<unknown> }> {
  if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
  const connected = once(server.server, 'connection');
  const client = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await connected) as [Socket];
  const head = [
    `POST /v1/organizations/${id}/import HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    `Content-Type: ${ndjson}`,
    `Content-Length: ${Buffer.byteLength(part)}`,
  ];
  client.write(`${head.join('\r\n')}\r\n\r\n${part.slice(0, sent)}`);
  return { client, cut: once(socket, 'close') };
}

const totals = ({ stored, unchanged, failed }: Imported) => ({ stored, unchanged, failed });

for (const stage of stages) {
  describe(`an import whose connection is cut on ${stage.name}`, { timeout: 60_000 }, () => {
    test('has stored nothing of a part that had not arrived, and goes on with that part', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      await imported(acme, partOf(1));
      const part = partOf(2);
      const { client, cut } = await begin(ground, acme, { part, sent: part.length / 2 });
      client.destroy();
      await cut;
      assert.equal((await acme.send('GET', '/collections/default/count')).body['documents'], lines);
      assert.deepEqual(totals(await imported(acme, part)), { stored: lines, unchanged: 0, failed: 0 });
      assert.equal((await everyDocument(acme, { limit: '1000' })).length, 2 * lines);
    });

    test('may have stored any of a part whose answer was lost, and stores the rest of it when it is sent again, each document once', async () => {
      await using ground = await openDocuments(stage);
      const acme = await ground.tenant('Acme');
      const { tenancy } = ground.edge.opened;
      const { documents } = tenancy;
      const arrived = Promise.withResolvers<void>();
      const cutOff = Promise.withResolvers<unknown>();
      let writes = 0;
      const failing = intercept(documents, 'write', async (forward) => {
        writes += 1;
        if (writes === 1) return await forward();
        arrived.resolve();
        await cutOff.promise;
        throw new TenantryError('storage_unavailable', 'The storage cannot do this at the moment; try again later');
      });
      Object.assign(tenancy, { documents: failing });
      const part = partOf(1);
      const { client, cut } = await begin(ground, acme, { part, sent: part.length });
      await arrived.promise;
      client.destroy();
      await cut;
      cutOff.resolve(undefined);
      Object.assign(tenancy, { documents });
      const before = Number((await acme.send('GET', '/collections/default/count')).body['documents']);
      assert.ok(before > 0 && before < lines, `${before}`);
      assert.deepEqual(totals(await imported(acme, part)), { stored: lines - before, unchanged: before, failed: 0 });
      const all = await everyDocument(acme, { limit: '1000' });
      assert.deepEqual([all.length, new Set(all.map(({ _version }) => _version))], [lines, new Set([1])]);
      assert.equal((await importInto(acme, part)).body['unchanged'], lines);
      assert.equal((await acme.send('GET', documentsOf('default', 'd-1-0'))).status, 200);
    });
  });
}
