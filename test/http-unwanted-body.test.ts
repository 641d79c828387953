import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startApp } from './http-app.ts';
import { openEdge } from './http-edge.ts';
import { openWire } from './http-wire.ts';

describe('a body that nobody wants', () => {
  const head = (length: number) => `POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
  const piece = Buffer.alloc(65_536, 'x');

  test('is taken up to some megabytes after its answer, and its connection goes on', async () => {
    await using app = await startApp();
    using wire = await openWire(app.port);
    wire.send(head(64 * piece.length));
    assert.equal((await wire.answer()).status, 404);
    for (let count = 0; count < 64; count += 1) wire.send(piece);
    wire.send('GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await wire.answer()).status, 200);
  });

  test('ends its connection where more of it comes, long before the time in which a request may arrive', async () => {
    await using app = await startApp({ settings: { REQUEST_TIMEOUT_SECONDS: 600 } });
    using wire = await openWire(app.port);
    wire.send(head(2 ** 40));
    assert.equal((await wire.answer()).status, 404);
    const goOn = () => {
      while (!wire.socket.destroyed && wire.socket.write(piece));
    };
    wire.socket.on('drain', goOn);
    goOn();
    assert.equal(await wire.ended(), '');
  });
});

describe('a body that was read', () => {
  test('is not kept by its answer, which may wait long for its reader', async () => {
    await using edge = await openEdge();
    const seen: unknown[] = [];
    edge.server.addHook('preValidation', async ({ body }) => void seen.push(body));
    edge.server.addHook('onResponse', async ({ body }) => void seen.push(body));
    const payload = { email: 'nobody@example.com', password: 'the password of nobody' };
    await edge.server.inject({ method: 'POST', url: '/admin/login', payload });
    assert.deepEqual(seen, [payload, undefined]);
  });
});
