import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { brokerAt } from './brokers.ts';

/** The first bytes that a connection to this host begins with. */
async function greeting(scheme: string, host: string): Promise<string> {
  const server = createServer();
  await once(server.listen(0), 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const opening = assert.rejects((await brokerAt(`${scheme}://${host}:${port}`)).open());
  const [socket] = await connected;
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  await opening;
  server.close();
  return bytes.toString('latin1');
}

test('with TLS a RabbitMQ is told the name that it is asked by, and never an address (RFC 6066 section 3)', async () => {
  assert.match(await greeting('amqps', 'localhost'), /localhost/);
  assert.doesNotMatch(await greeting('amqps', '127.0.0.1'), /127\.0\.0\.1/);
});
