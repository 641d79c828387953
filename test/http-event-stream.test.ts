import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { events, recording, trails } from '../src/events/event.ts';
import { forgetEnded } from '../src/events/forget-ended.ts';
import { mostReaders } from '../src/events/hub.ts';
import { deleteOrganization } from '../src/organizations/delete.ts';
import { updateOrganization } from '../src/organizations/update.ts';
import type { Records } from '../src/store/records.ts';
import { shareOf } from './contract/engine.ts';
import { engines } from './engines.ts';
import { openStream, type StreamAsk, type Streamed, type StreamReader } from './event-stream.ts';
import { call, openEdge, pointersOf, type TestEdge, type TestSettings, told } from './http-edge.ts';
import { openWire } from './http-wire.ts';
import { soon } from './soon.ts';
import { byTest, signUp, type TestAdmin, type TestTenancy } from './tenancy.ts';

const operatorToken = 'o'.repeat(32);

/** A server that listens, with an organization. */
interface StreamGround extends AsyncDisposable {
  readonly edge: TestEdge;
  readonly opened: TestTenancy;
  readonly port: number;
  readonly acme: TestAdmin;
  readonly id: string;
  readonly path: string;
  /** The answers of all requests so far. */
  readonly answers: readonly ServerResponse[];
  read(query?: string, ask?: Partial<StreamAsk>): Promise<StreamReader>;
  /** Appends events, several in one commit. */
  append(count: number, data?: object): Promise<void>;
}

/** Changes that tell of something. */
async function appendTo(records: Records, id: string, count: number, data: object = {}): Promise<void> {
  const happening = { type: 'collection.created', data: { name: 'things', ...data } } as const;
  const made = Array.from({ length: count }, () => recording(byTest, id, happening, new Date()));
  assert.deepEqual(await records.commit(made), { result: 'done' });
}

const sequencesOf = (streamed: readonly Streamed[]) => streamed.map(({ id }) => Number(id));
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

for (const engine of engines) {
  const open = async (settings: TestSettings = {}): Promise<StreamGround> => {
    const edge = await openEdge({ OPERATOR_TOKEN: operatorToken, RATE_LIMIT: 'off', ...settings }, { engine });
    const { opened, server } = edge;
    await server.listen({ port: 0, host: '127.0.0.1' });
    const answers: ServerResponse[] = [];
    server.server.on('request', (_request, answer: ServerResponse) => answers.push(answer));
    const { port } = server.server.address() as AddressInfo;
    const acme = await signUp(opened.tenancy, 'Acme');
    const id = acme.caller.organization_id;
    const path = `/v1/organizations/${id}/events/stream`;
    return {
      edge,
      opened,
      port,
      acme,
      id,
      path,
      answers,
      read: (query = '', ask = {}) => openStream(port, path + query, { token: acme.token, ...ask }),
      append: (count, data) => appendTo(opened.tenancy.records, id, count, data),
      [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
    };
  };

  describe(`a stream of events on the ${engine.name} engine`, { timeout: 180_000 }, () => {
    test('has each event as the list has it, from where it is asked for, and holds no turn of the organization', async () => {
      await using ground = await open({ ORGANIZATION_REQUESTS: '1' });
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
      await using ground = await open();
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
      await using ground = await open();
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
      await using ground = await open();
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

    test('is refused past a thousand readers, until one of them leaves', async () => {
      await using ground = await open();
      const { eventHub } = ground.opened.tenancy;
      const idle = { send: () => true, whenReady: () => Promise.resolve() };
      const leaving = upTo(mostReaders).map(() => eventHub.follow(ground.id, 0, idle));
      using refused = await ground.read();
      const problem = JSON.parse(await refused.ended());
      assert.deepEqual([refused.status, problem.code, refused.headers['retry-after']], [503, 'busy', '5']);
      leaving.pop()?.();
      using taken = await ground.read();
      assert.equal(taken.status, 200);
      for (const leave of leaving) leave();
    });

    test('has a comment every fifteen seconds, and is forgotten with who hangs up', async () => {
      await using ground = await open();
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

    test('ends with the token: by time, by a new password, and with the organization for all but the operator', async () => {
      await using ground = await open();
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
      await using ground = await open();
      using reader = await ground.read();
      await ground.opened.clock.whenWaiting(2);
      ground.opened.clock.pass(30 * 60_000);
      await reader.ended();
    });

    test('does not hold up a stop, also where its reader takes nothing', async () => {
      await using ground = await open();
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

    test('has what another instance commits within two seconds', { skip: engine.instances === 1 }, async () => {
      await using ground = await open();
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
