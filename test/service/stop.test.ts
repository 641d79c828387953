import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { create, read } from './calls.ts';
import { dataDirectory, type Service, startService } from './service.ts';

/** A connection on which nothing is sent. */
async function silent(url: string) {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the log has said this. */
function said(service: Service, what: RegExp): Promise<void> {
  return new Promise((resolve) => service.process.stdout?.on('data', (chunk) => what.test(chunk) && resolve()));
}

/** Resolves when a hash is in work. */
async function hashing(url: string): Promise<void> {
  let metrics = '';
  do metrics = await (await fetch(`${url}/metrics`)).text();
  while (!/^tenantry_hashes_working 1$/m.test(metrics));
}

suite('the end of the service', { timeout: 120_000 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} to npm start ends the service with 0`, async () => {
      await using directory = await dataDirectory();
      const service = await startService(directory.path, {}, ['npm', 'start']);
      assert.equal((await create(service.url, 'acme')).status, 201);
      const { code } = await service.stop(signal);
      assert.equal(code, 0);
      await assert.rejects(read(service.url, 'acme'));
    });
  }

  test('what was begun is answered, what was not is 503, and what was acknowledged is there', async () => {
    await using directory = await dataDirectory();
    // The least cost of a production, so that hashes are still waiting when the signal comes.
    const service = await startService(directory.path, { ENV: 'production', BCRYPT_COST: '10' });
    const names = Array.from({ length: 40 }, (_, number) => `organization ${number}`);
    const answers = names.map((name) => create(service.url, name));
    await Promise.race(answers);
    const ended = service.stop();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.equal((await ended).code, 0);
    const done = statuses.filter((status) => status === 201).length;
    const refused = statuses.filter((status) => status === 503).length;
    assert.equal(done + refused, names.length, statuses.join());
    assert.ok(done > 0 && refused > 0, statuses.join());
    const again = await startService(directory.path);
    for (const [place, name] of names.entries()) {
      assert.equal((await read(again.url, name)).status, statuses[place] === 201 ? 200 : 404, name);
    }
    await again.stop();
  });

  test('a silent connection does not hold the end up', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path, { SHUTDOWN_SECONDS: '60' });
    const socket = await silent(service.url);
    const closed = once(socket, 'close');
    socket.resume();
    assert.equal((await service.stop()).code, 0);
    await closed;
  });

  test('what does not come to its end is cut off in time, and that is an end with 0', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path, { SHUTDOWN_SECONDS: '1' });
    const socket = await silent(service.url);
    socket.on('error', () => socket.destroy());
    socket.write(
      'POST /org/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    assert.equal((await read(service.url, 'nobody')).status, 404, 'the other connection was read before the signal');
    const begun = performance.now();
    assert.equal((await service.stop()).code, 0);
    const seconds = (performance.now() - begun) / 1_000;
    assert.ok(seconds < 3, `${seconds} s`);
    socket.destroy();
  });

  test('a second signal ends the process at once, whatever is in work', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path, { SHUTDOWN_SECONDS: '60' });
    const socket = await silent(service.url);
    socket.on('error', () => socket.destroy());
    socket.write(
      'POST /org/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    assert.equal((await read(service.url, 'nobody')).status, 404);
    const stopping = said(service, /stopping/);
    service.process.kill('SIGTERM');
    await stopping;
    assert.equal((await service.stop('SIGTERM')).signal, 'SIGTERM');
    socket.destroy();
  });

  test('a second signal does not wait for a hash in work', async () => {
    await using directory = await dataDirectory();
    const service = await startService(directory.path, { SHUTDOWN_SECONDS: '60', BCRYPT_COST: '15' });
    const created = assert.rejects(create(service.url, 'acme'));
    await hashing(service.url);
    const stopping = said(service, /stopping/);
    service.process.kill('SIGTERM');
    await stopping;
    assert.equal((await service.stop('SIGTERM')).signal, 'SIGTERM');
    await created;
  });
});
