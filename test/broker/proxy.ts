import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a broker that a test can cut, and where it can let everything stand still. Ended at the end of its scope. */
export interface BrokerProxy extends AsyncDisposable {
  /** The address of the broker by this way. */
  readonly url: string;
  /** Cuts all connections; others can be made. */
  cut(): void;
  /** Cuts all connections whenever so many more bytes have gone to the broker, until it is called with none. */
  cutEvery(bytes: number | undefined): void;
  /** From now on takes connections and passes nothing on, of those that there are neither. */
  fallSilent(): void;
  /** How often connections were cut. */
  readonly cuts: number;
  /** How many connections were made. */
  readonly connections: number;
}

/** Opens a way to a broker. @param url of one host */
export async function startBrokerProxy(url: string): Promise<BrokerProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let limit: number | undefined;
  let passed = 0;
  let cuts = 0;
  let connections = 0;
  let isSilent = false;

  function cut(): void {
    if (sockets.size > 0) cuts += 1;
    passed = 0;
    for (const socket of sockets) socket.resetAndDestroy();
  }

  function keep(socket: Socket): void {
    sockets.add(socket);
    // What a cut ends in, on either side.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  }

  const server = createServer((near) => {
    connections += 1;
    const far = connect(Number(target.port), target.hostname);
    keep(near);
    keep(far);
    near.on('data', (bytes) => {
      if (isSilent) return;
      far.write(bytes);
      passed += bytes.length;
      if (limit !== undefined && passed >= limit) cut();
    });
    far.on('data', (bytes) => {
      if (!isSilent) near.write(bytes);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const way = new URL(url);
  way.port = String(port);
  way.hostname = '127.0.0.1';
  return {
    url: way.href.replace(/\/$/, ''),
    cut,
    cutEvery(bytes) {
      limit = bytes;
      passed = 0;
    },
    fallSilent() {
      isSilent = true;
    },
    get cuts() {
      return cuts;
    },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
