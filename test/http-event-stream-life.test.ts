import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { events, trails } from '../src/events/event.ts';
import { forgetEnded } from '../src/events/forget-ended.ts';
import { deleteOrganization } from '../src/organizations/delete.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import { engines } from './engines.ts';
import { openStream } from './event-stream.ts';
import { appendTo, openStreams, operatorToken, sequencesOf, upTo } from './event-stream-ground.ts';
import { exchange, openWire } from './http-wire.ts';
import { closedGate, intercept } from './intercept.ts';
import { soon } from './soon.ts';
import { byTest, signUp } from './tenancy.ts';

for (const engine of engines) {
  describe(`the life of a stream of events on the ${engine.name} engine`, { timeout: 120_000 }, () => {
    test('has a comment every fifteen seconds, and is forgotten with who hangs up', async () => {
      await using ground = await openStreams(engine);
      const { clock } = ground.opened;
      const before = clock.waiting;
      using reader = await ground.read();
      await clock.whenWaiting(before + 2);
      for (const count of upTo(3)) {
        clock.pass(15_000);
        await reader.hasOthers(1 + count);
        await clock.whenWaiting(before + 2);
      }
      assert.deepEqual(reader.others, ['retry: 1000', ':', ':', ':']);
      const [answer] = ground.answers;
      assert.ok(answer);
      const closed = once(answer, 'close');
      reader.hangUp();
      await closed;
      await turnOfLoop();
      assert.equal(clock.waiting, before);
    });

    test('is not begun for who hung up before, and takes no place', async () => {
      await using ground = await openStreams(engine);
      const { tenancy, clock } = ground.opened;
      const gate = closedGate();
      const read = Promise.withResolvers<void>();
      const records = intercept(tenancy.records, 'get', async (forward, kind) => {
        if (kind.name !== trails.name) return await forward();
        await gate.pass();
        return await forward().finally(read.resolve);
      });
      Object.assign(tenancy, { records });
      const before = clock.waiting;
      const asked = ground.read();
      await gate.reached();
      const [answer] = ground.answers;
      assert.ok(answer);
      const closed = once(answer, 'close');
      answer.socket?.destroy();
      await closed;
      gate.open();
      await Promise.all([assert.rejects(asked), read.promise]);
      for (let turn = 0; turn < 10; turn += 1) await turnOfLoop();
      assert.equal(clock.waiting, before);
    });

    test('ends with the token: by time, by a new password, and with the organization for all but the operator', async () => {
      await using ground = await openStreams(engine);
      const { clock, tenancy } = ground.opened;
      const { acme } = ground;
      const globex = await signUp(tenancy, 'Globex');
      const theirs = `/v1/organizations/${globex.caller.organization_id}/events/stream?after=0`;
      using operator = await openStream(ground.port, theirs, { token: operatorToken });
      using member = await openStream(ground.port, theirs, { token: globex.token });
      using renewed = await ground.read();
      const change = { organization_name: 'Acme', password: 'another password', new_organization_name: 'Acme 2' };
      await updateOrganization(tenancy, acme.caller, { ...change, password: undefined }, byTest);
      clock.pass(3_000);
      await ground.append(1);
      assert.deepEqual((await renewed.has(2)).length, 2);
      await updateOrganization(
        tenancy,
        acme.caller,
        { organization_name: 'Acme 2', password: 'one more password' },
        byTest,
      );
      await deleteOrganization(tenancy, globex.caller, 'Globex', byTest);
      await operator.has(4);
      clock.pass(3_000);
      await Promise.all([renewed.ended(), member.ended()]);
      using late = await openStream(ground.port, `/v1/organizations/Acme%202/events/stream`, { token: operatorToken });
      clock.pass(31 * 60_000);
      await appendTo(tenancy.records, globex.caller.organization_id, 1);
      assert.equal((await operator.has(5)).at(-2)?.event, 'organization.erased');
      assert.equal(late.status, 200);
      clock.pass(400 * 24 * 60 * 60 * 1_000);
      await forgetEnded(tenancy, AbortSignal.timeout(60_000));
      clock.pass(3_000);
      await operator.ended();
    });

    test('of an admin ends when the token is over', async () => {
      await using ground = await openStreams(engine);
      using reader = await ground.read();
      await ground.opened.clock.whenWaiting(2);
      ground.opened.clock.pass(30 * 60_000);
      await reader.ended();
    });

    test('does not hold up a stop, also where its reader takes nothing', async () => {
      await using ground = await openStreams(engine);
      using reader = await ground.read();
      using wire = await openWire(ground.port);
      wire.socket.pause();
      wire.send(`GET ${ground.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ground.acme.token}\r\n\r\n`);
      await ground.append(1);
      await reader.has(1);
      await soon(ground.edge.server.close(), 'the stop');
      await reader.ended();
      assert.equal(ground.opened.clock.waiting, 0);
    });

    test('leaves room for others, also where its connection sent requests behind it', async () => {
      await using ground = await openStreams(engine, { REQUESTS: '3' });
      using wire = await openWire(ground.port);
      const head = `Host: localhost\r\nAuthorization: Bearer ${ground.acme.token}\r\n\r\n`;
      const behind = `GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`;
      wire.send(`GET ${ground.path} HTTP/1.1\r\n${head}`);
      while (ground.answers[0]?.headersSent !== true) await turnOfLoop();
      wire.send(behind.repeat(61));
      while (ground.answers.filter(({ writableEnded }) => writableEnded).length < 61) await turnOfLoop();
      for (let count = 0; count < 3; count += 1) assert.equal((await exchange(ground.port, behind)).status, 200);
    });

    // On the embedded engine there is one.
    if (engine.instances === 1) return;
    test('has what another instance commits within two seconds', async () => {
      await using ground = await openStreams(engine);
      using reader = await ground.read();
      const other = await engine.open(ground.opened.location, { kinds: [events, trails] });
      for (const count of upTo(3)) {
        await appendTo(other.records, ground.id, 1);
        const committed = performance.now();
        await reader.has(count);
        assert.ok(performance.now() - committed < 2_000);
      }
      await other.close();
      assert.deepEqual(sequencesOf(reader.events), [3, 4, 5]);
    });
  });
}
