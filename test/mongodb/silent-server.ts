import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Document } from 'mongodb';
import { answerTo, commandOf, helloCommands, onMessage } from './wire.ts';

/** What a scripted server says; all may be left out. Where a function gives undefined, the request is never answered. */
export interface Script {
  /**
   * What `hello` answers, made from what the only member of a replica set says, an up-to-date one. Without `setName` it is
   * a standalone server, with `msg: 'isdbgrid'` instead of it a router of a sharded cluster.
   */
  readonly hello?: (usual: Document) => Document | undefined;
  /** What every other command answers, by default `{ ok: 1 }`; an error is `{ ok: 0, code, errmsg }`. */
  readonly answer?: (command: Document) => Document | undefined;
}

/** A server that stores nothing and says what it is told to say, for answers that the real one does not give. */
export async function startSilentServer({
  hello = (usual) => usual,
  answer = () => ({ ok: 1 }),
}: Script): Promise<{ readonly url: string } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A reset ends the connection; `close` follows.
    socket.on('error', () => {});
    onMessage(socket, (message) => {
      const command = commandOf(message) ?? {};
      const [name = ''] = Object.keys(command);
      const said = helloCommands.includes(name) ? hello(usualHello(address)) : answer(command);
      if (said !== undefined) socket.write(answerTo(message, said));
    });
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return {
    url: `mongodb://${address}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** As MongoDB 7 says it: wire version 21. */
function usualHello(address: string): Document {
  return {
    ok: 1,
    helloOk: true,
    isWritablePrimary: true,
    ismaster: true,
    secondary: false,
    setName: 'rs0',
    setVersion: 1,
    hosts: [address],
    primary: address,
    me: address,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
  };
}
