import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stopServer } from '../src/http/server.ts';
import { startApp } from './http-app.ts';
import { exchange, openWire } from './http-wire.ts';

const postHead = (length: number) =>
  `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

/** Resolves when a port takes no connection any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    try {
      using _wire = await openWire(port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ECONNREFUSED') return;
      // It was waiting to be accepted.
      if (code !== 'ECONNRESET') throw error;
    }
  }
}

describe('stopping', () => {
  test('what is in flight is answered as its last, and silent connections are ended at once', async () => {
    await using app = await startApp();
    using busy = await openWire(app.port);
    busy.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await app.slowBegun;
    using idle = await openWire(app.port);
    idle.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await idle.answer()).headers['connection'], 'keep-alive');
    using halfway = await openWire(app.port);
    halfway.send('GET /quiet HTTP/1.1\r\nHo');
    using mute = await openWire(app.port);
    // The server has accepted all of them once it has answered on a later one.
    await exchange(app.port, 'GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');

    const stopped = stopServer(app.server, { seconds: 60 });
    assert.deepEqual(await Promise.all([idle.ended(), halfway.ended(), mute.ended()]), ['', '', '']);
    await assert.rejects(openWire(app.port), { code: 'ECONNREFUSED' });
    app.finishSlow();
    const answer = await busy.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['connection'], 'close');
    await busy.ended();
    await stopped;
  });

  test('a request that was sent just before is answered', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    // Answered once, the connection is known to the server.
    wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.answer();
    wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    const stopped = stopServer(app.server, { seconds: 60 });
    assert.equal((await wire.answer()).status, 200);
    await stopped;
  });

  test('what comes on an open connection within the grace is answered as its last, and then silent ones end', async () => {
    await using app = await startApp();
    using used = await openWire(app.port);
    using idle = await openWire(app.port);
    for (const wire of [used, idle]) {
      wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await wire.answer()).headers['connection'], 'keep-alive');
    }
    const stopped = stopServer(app.server, { seconds: 60, graceSeconds: 1 });
    // It listens no longer once it refuses one.
    await refused(app.port);
    used.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await used.answer();
    assert.deepEqual([answer.status, answer.headers['connection']], [200, 'close']);
    assert.equal(await idle.ended(), '');
    await stopped;
  });

  test('a request that had begun to arrive is still read and answered', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send(`${postHead(12)}{"text"`);
    using later = await openWire(app.port);
    later.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    await later.answer();
    const stopped = stopServer(app.server, { seconds: 60 });
    await later.ended();
    wire.send(':"a"}');
    assert.equal((await wire.answer()).status, 200);
    await stopped;
  });

  test('what is not answered when the time is up is cut off', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await app.slowBegun;
    await stopServer(app.server, { seconds: 0.05 });
    assert.equal(await wire.ended(), '');
  });
});
