import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { documentsOf, openDocuments, stages, type Tenant } from './http-documents/ground.ts';
import { importInto, lineOf } from './http-transfer/calls.ts';
import { openWire } from './http-wire.ts';
import { closedGate, intercept } from './intercept.ts';

// What an engine makes of the calls has no part in it.
for (const stage of stages.slice(0, 1)) {
  describe(`a caller who hangs up on ${stage.name}`, { timeout: 60_000 }, () => {
    test('makes no room for another request of the organization before what was begun for him is over', async () => {
      await using ground = await openDocuments(stage, { settings: { ORGANIZATION_REQUESTS: '1' } });
      const acme = await ground.tenant('Acme');
      const { tenancy } = ground.edge.opened;
      const gate = closedGate();
      let writes = 0;
      const documents = intercept(tenancy.documents, 'write', async (forward) => {
        writes += 1;
        await gate.pass();
        return await forward();
      });
      Object.assign(tenancy, { documents });
      const { server } = ground.edge.server;
      await ground.edge.server.listen({ port: 0, host: '127.0.0.1' });
      const connected = once(server, 'connection');
      using wire = await openWire((server.address() as AddressInfo).port);
      const [socket] = (await connected) as [Socket];
      const path = `/v1/organizations/${acme.id}${documentsOf('default', 'one')}`;
      const head = ['Host: localhost', `Authorization: Bearer ${acme.token}`, 'Content-Type: application/json'];
      wire.send(`PUT ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\nContent-Length: 7\r\n\r\n{"a":1}`);
      await gate.reached();
      const closed = once(socket, 'close');
      wire.socket.destroy();
      await closed;
      const other = acme.send('PUT', documentsOf('default', 'two'), { body: { a: 2 } });
      for (let turn = 0; turn < 200; turn += 1) await turnOfLoop();
      assert.equal(writes, 1);
      gate.open();
      assert.equal((await other).status, 201);
      assert.equal((await acme.send('GET', documentsOf('default', 'one'))).status, 200);
    });
  });
}

for (const stage of stages.slice(0, 1)) {
  describe(`calls that read what stands on ${stage.name}`, { timeout: 60_000 }, () => {
    const deletions = {
      body: { operations: Array.from({ length: 5 }, (_, number) => ({ op: 'delete', id: `n${number}` })) },
    };
    const calls = {
      'batches that replace or delete several documents': (acme: Tenant) =>
        acme.send('POST', `${documentsOf('default')}/batch`, deletions),
      imports: (acme: Tenant) => importInto(acme, lineOf({ _id: 'one', a: 1 })),
    } as const;
    for (const [name, call] of Object.entries(calls)) {
      test(`two ${name} of an organization have what stands in memory at once, and keep no other call back`, async () => {
        await using ground = await openDocuments(stage);
        const acme = await ground.tenant('Acme');
        const { tenancy } = ground.edge.opened;
        const gate = closedGate();
        let [reading, most] = [0, 0];
        const documents = intercept(tenancy.documents, 'getMany', async (forward) => {
          reading += 1;
          most = Math.max(most, reading);
          await gate.pass();
          reading -= 1;
          return await forward();
        });
        Object.assign(tenancy, { documents });
        const all = Array.from({ length: 6 }, () => call(acme));
        await gate.reached();
        for (let turn = 0; turn < 200; turn += 1) await turnOfLoop();
        const operations = [{ op: 'insert', document: { a: 1 } }];
        const inserted = await acme.send('POST', `${documentsOf('default')}/batch`, { body: { operations } });
        assert.equal(inserted.status, 200);
        assert.deepEqual([reading, most], [2, 2]);
        gate.open();
        const statuses = (await Promise.all(all)).map(({ status }) => status);
        assert.deepEqual([...new Set(statuses)].length, 1, statuses.join());
        assert.equal(most, 2);
      });
    }
  });
}
