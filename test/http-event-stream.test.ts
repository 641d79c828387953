import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mostReaders } from '../src/events/hub.ts';
import { shareOf } from './contract/engine.ts';
import { engines } from './engines.ts';
import { openStream, type Streamed } from './event-stream.ts';
import { openStreams, operatorToken, sequencesOf, upTo } from './event-stream-ground.ts';
import { call, pointersOf, told } from './http-edge.ts';
import { openWire } from './http-wire.ts';

for (const engine of engines) {
  describe(`a stream of events on the ${engine.name} engine`, { timeout: 180_000 }, () => {
    test('has each event as the list has it, from where it is asked for, and holds no turn of the organization', async () => {
      await using ground = await openStreams(engine, { ORGANIZATION_REQUESTS: '1' });
      const { edge, acme, id } = ground;
      using all = await ground.read('?after=0');
      using news = await ground.read();
      using resumed = await ground.read('?after=0', { lastEventId: '1' });
      using beyond = await ground.read('?after=999');
      using others = await openStream(ground.port, '/v1/organizations/ACME/events/stream', { token: operatorToken });
      await ground.append(1);
      const listed = await call(edge, ['GET', `/v1/organizations/${id}/events`], { token: acme.token });
      const shown = (listed.body['data'] as { sequence: number; type: string }[]).map((event) => ({
        id: String(event.sequence),
        event: event.type,
        data: JSON.stringify(event),
      }));
      assert.deepEqual([all.status, all.others, shown.length], [200, ['retry: 1000'], 3]);
      assert.deepEqual(await all.has(3), shown);
      assert.deepEqual(await resumed.has(2), shown.slice(1));
      for (const reader of [news, beyond, others]) assert.deepEqual(await reader.has(1), shown.slice(2));
      const { headers } = all;
      assert.deepEqual(
        [headers['content-type'], headers['cache-control'], headers['x-accel-buffering'], headers['etag']],
        ['text/event-stream', 'no-store', 'no', undefined],
      );
      const asked = { method: 'HEAD', url: ground.path, headers: { authorization: `Bearer ${acme.token}` } } as const;
      const head = await edge.server.inject(asked);
      assert.deepEqual([head.statusCode, head.headers['content-type']], [200, 'text/event-stream']);
    });

    test('is refused where the place to begin is malformed, each by its pointer', async () => {
      await using ground = await openStreams(engine);
      const url = `/v1/organizations/${ground.id}/events/stream`;
      for (const [query, lastEventId, pointer] of [
        ['?after=x', '1', '?after'],
        ['', '-1', 'Last-Event-ID'],
        ['?after=1', '1e3', 'Last-Event-ID'],
        ['', '', 'Last-Event-ID'],
      ] as const) {
        const headers = { authorization: `Bearer ${ground.acme.token}`, 'last-event-id': lastEventId };
        const { statusCode: status, ...answer } = await ground.edge.server.inject({ url: url + query, headers });
        const refused = { status, headers: answer.headers, body: answer.json() };
        assert.deepEqual([...told(refused).slice(0, 2), ...pointersOf(refused)], [422, 'invalid_value', pointer]);
      }
    });

    test('has no gap and no double, however often its reader connects again while four append', async () => {
      await using ground = await openStreams(engine);
      const each = shareOf(engine, 100);
      const last = 2 + 4 * each;
      const appending = Promise.all(
        upTo(4).map(async () => {
          for (let done = 0; done < each; done += 1) await ground.append(1);
        }),
      );
      using steady = await ground.read('?after=0');
      const got: Streamed[] = [];
      let connections = 0;
      while (got.length < last) {
        using reader = await ground.read('?after=0', { lastEventId: got.at(-1)?.id });
        connections += 1;
        got.push(...(await reader.has(Math.min(17, last - got.length))));
      }
      await appending;
      assert.deepEqual(sequencesOf(got), upTo(last));
      assert.deepEqual(sequencesOf(await steady.has(last)), upTo(last));
      assert.ok(connections > 2);
      // Of many that begin at once, each has the same.
      const readers = await Promise.all(upTo(20).map((after) => ground.read(`?after=${after}`)));
      await ground.append(1);
      for (const [place, reader] of readers.entries()) {
        assert.deepEqual(sequencesOf(await reader.has(last - place)), upTo(last + 1, place + 2));
        reader.hangUp();
      }
    });

    test('is ended for who takes nothing, with a bounded part of it in memory, and goes on for others', async () => {
      await using ground = await openStreams(engine);
      const { opened, answers } = ground;
      using steady = await ground.read();
      using wire = await openWire(ground.port);
      wire.socket.pause();
      wire.send(`GET ${ground.path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ground.acme.token}\r\n\r\n`);
      const slow = () =>
        opened.logged.filter(({ message }) => message.startsWith('a reader of events takes too little'));
      let sent = 0;
      // What the kernel keeps of a connection comes before.
      while (slow().length === 0 && sent < 2_000) {
        await ground.append(20, { text: 'x'.repeat(20_000) });
        sent += 20;
        await steady.has(sent);
        for (const answer of answers) assert.ok(answer.writableLength < 2_000_000);
      }
      assert.equal(slow().length, 1);
      await ground.append(1);
      assert.deepEqual(sequencesOf(await steady.has(sent + 1)), upTo(sent + 3, 3));
      assert.ok(answers.at(-1)?.destroyed);
    });

    test('takes no room of the requests in work, however long it goes on', async () => {
      await using ground = await openStreams(engine, { REQUESTS: '1' });
      using first = await ground.read();
      using second = await ground.read();
      assert.deepEqual([first.status, second.status], [200, 200]);
    });

    test('is refused past a thousand readers, until one of them leaves; another organization gets the place of the last', async () => {
      await using ground = await openStreams(engine);
      const { eventHub } = ground.opened.tenancy;
      const ended: number[] = [];
      const idle = (number: number) => ({
        send: () => true,
        whenReady: () => Promise.resolve(),
        end: () => void ended.push(number),
      });
      const leaving = upTo(mostReaders).map((number) => eventHub.follow(ground.id, 0, idle(number)));
      using refused = await ground.read();
      const problem = JSON.parse(await refused.ended());
      assert.deepEqual([refused.status, problem.code, refused.headers['retry-after']], [503, 'busy', '5']);
      leaving[0]?.();
      using taken = await ground.read();
      assert.equal(taken.status, 200);
      // Who has more of them than the newcomer gives up the one that came last.
      const others = upTo(3).map((number) => eventHub.follow('org_other', 0, idle(-number)));
      await taken.ended();
      assert.deepEqual(ended, [1_000, 999]);
      for (const leave of others) leave();
      for (const leave of leaving) leave();
    });
  });
}
