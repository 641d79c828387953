import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { openStream } from './event-stream.ts';
import { missing } from './mongodb/address.ts';
import { openBehindNginx } from './nginx-ground.ts';
import { lackingNginx } from './nginx-server.ts';
import { call, create, read, signIn } from './service/calls.ts';
import { eventually } from './service/eventually.ts';

const documents = '/v1/organizations/acme/collections/default/documents';

/**
 * A change that may be repeated, as its caller would make it: again where it is 503, as long as the database keeps the
 * transaction of an instance that was killed before its commit.
 */
function untilTaken(ask: () => Promise<{ status: number; body: unknown }>) {
  return eventually(async () => {
    const answer = await ask();
    assert.notEqual(answer.status, 503);
    return answer;
  });
}

/** Makes calls that may be repeated, one after the other until told to end; gives what each was answered in the end. */
async function callOn(url: string, token: string, { name, signal }: { name: string; signal: AbortSignal }) {
  const told: string[] = [];
  const note = (what: string, { status, body }: { status: number; body: unknown }) =>
    told.push(status < 300 ? what : `${what} ${status} ${JSON.stringify(body)}`);
  for (let number = 0; !signal.aborted; number += 1) {
    const headers = { 'idempotency-key': `${name}-${number}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name, number });
    const post = async () => {
      const made = await fetch(`${url}${documents}`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
        body,
      });
      return { status: made.status, body: await made.json() };
    };
    note('POST', await untilTaken(post));
    note('PUT', await untilTaken(() => call(url, ['PUT', `${documents}/${name}`], { body: { number }, token })));
    note('GET', await call(url, ['GET', `${documents}/${name}`], { token }));
    note('read', await read(url, 'acme'));
  }
  return told;
}

/** The log's line about a request. */
function linesOf(logs: readonly string[], id: string): string[] {
  return logs.flatMap((log) => log.split('\n')).filter((line) => line.includes(`"request_id":"${id}"`));
}

suite('three instances on MongoDB behind nginx', { skip: missing || lackingNginx, timeout: 180_000 }, () => {
  test('take calls in turn, and the id of each is that of nginx in the answer and in the log', async () => {
    await using ground = await openBehindNginx(3);
    const { nginx, instances } = ground;
    assert.equal((await create(nginx.url, 'acme')).status, 201);
    const ids: string[] = [];
    for (let count = 0; count < 30; count += 1) {
      const { status, headers } = await read(nginx.url, 'acme');
      assert.equal(status, 200);
      ids.push(headers.get('x-request-id') ?? '');
    }
    const calls = await nginx.calls();
    const ended = await Promise.all(instances.map((instance) => instance.stop()));
    const asked = new Map<string, number>();
    for (const id of ids) {
      const found = calls.filter(({ request_id }) => request_id === id);
      assert.equal(found.length, 1);
      const [{ instance } = { instance: '' }] = found;
      asked.set(instance, (asked.get(instance) ?? 0) + 1);
      assert.equal(
        linesOf(
          ended.map(({ out }) => out),
          id,
        ).length,
        1,
      );
    }
    // Each worker of nginx counts for itself where the calls of a connection go.
    assert.deepEqual([...asked.keys()].sort(), instances.map(({ url }) => new URL(url).host).sort());
  });

  test('no read fails while one of them is killed, and each change that may be repeated is done, and once', async () => {
    await using ground = await openBehindNginx(3);
    const { nginx, instances } = ground;
    await create(nginx.url, 'acme');
    const token = await signIn(nginx.url, 'acme');
    const ending = new AbortController();
    const calling = ['one', 'two', 'three', 'four'].map((name) =>
      callOn(nginx.url, token, { name, signal: ending.signal }),
    );
    const some = () => Promise.all(Array.from({ length: 30 }, () => read(nginx.url, 'acme')));
    await some();
    await instances[0]?.stop('SIGKILL');
    await some();
    await some();
    ending.abort();
    const told = (await Promise.all(calling)).flat();
    assert.deepEqual(new Set(told), new Set(['POST', 'PUT', 'GET', 'read']));
    const { body } = await call(nginx.url, ['GET', `${documents.replace('/documents', '/count')}`], { token });
    // Those that were put, and one for each key.
    assert.deepEqual(body, { documents: 4 + told.filter((what) => what === 'POST').length });
  });

  test('events come through as they happen', async () => {
    await using ground = await openBehindNginx(3);
    const { nginx } = ground;
    await create(nginx.url, 'acme');
    const token = await signIn(nginx.url, 'acme');
    using stream = await openStream(Number(new URL(nginx.url).port), '/v1/organizations/acme/events/stream', { token });
    assert.equal(stream.status, 200);
    // What was before is not sent. The line that is arrives before there is any event.
    await stream.hasOthers(1);
    for (const count of [1, 2]) {
      await signIn(nginx.url, 'acme');
      const types = (await stream.has(count)).map(({ event }) => event);
      assert.deepEqual(types, Array(count).fill('user.signed_in'));
    }
  });
});
