import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { answeredId, commandOf, helloCommands, idOf, onMessage } from './wire.ts';

/** The commands that a test can cut and count. `hello`, by which the driver watches the server, is not among them. */
export type CommandName =
  | 'insert'
  | 'update'
  | 'delete'
  | 'findAndModify'
  | 'find'
  | 'getMore'
  | 'aggregate'
  | 'commitTransaction'
  | 'abortTransaction'
  | 'create'
  | 'createIndexes'
  | 'drop'
  | 'dropDatabase'
  | 'listCollections'
  | 'ping';

/** Which requests are cut; all may be left out. */
export interface CutOptions {
  /** Every such request until `mend`; the next one alone where it is left out. */
  readonly always?: boolean;
  /** Only those about this collection. */
  readonly collection?: string;
}

/**
 * Stands between clients, also those in other processes, and the server, and breaks what a test tells it to break. Ends
 * all its connections at the end of its scope.
 */
export interface ServerProxy extends AsyncDisposable {
  /** An address of the server, by default the one it was started with, turned into the one that leads through the proxy. */
  url(base?: string): string;
  /** The request does not reach the server; its connection ends. */
  cutBefore(command: CommandName, options?: CutOptions): void;
  /** The server does what is asked; its answer is thrown away, and the connection ends. */
  cutAfter(command: CommandName, options?: CutOptions): void;
  /**
   * Nothing passes in either direction, and connections stay open, new ones too. What a client has sent passes on
   * `release`, unless the client has closed the connection by then.
   */
  hold(): void;
  release(): void;
  /** All connections end, and each new one as soon as it is made. */
  refuse(): void;
  accept(): void;
  /** Answers arrive so much later, those of `hello` excepted; 0 ends it for the answers to come. */
  delay(milliseconds: number): void;
  /** Takes back whatever was told: all passes again. */
  mend(): void;
  /** How many such requests have arrived so far, those included that were cut or held. */
  seen(command: CommandName): number;
  /** The bytes of all answers of the server so far. */
  answered(): number;
  /** Resolves when the next such request has arrived: to be called before the request is made. */
  arrival(command: CommandName): Promise<void>;
}

interface Cut extends CutOptions {
  readonly command: string;
  readonly side: 'before' | 'after';
}

/** What the connections have to heed. */
interface Orders {
  cuts: readonly Cut[];
  held: PromiseWithResolvers<void> | undefined;
  refusing: boolean;
  delay: number;
  answered: number;
  readonly seen: Map<string, number>;
  readonly arrivals: EventTarget;
}

/** Starts a proxy in front of the server of this address; where it names a replica set, in front of its primary. No TLS. */
export async function startProxy(target: string): Promise<ServerProxy> {
  const { hostname, port } = await primaryOf(target);
  const orders: Orders = {
    cuts: [],
    held: undefined,
    refusing: false,
    delay: 0,
    answered: 0,
    seen: new Map(),
    arrivals: new EventTarget(),
  };
  const clients = new Set<Socket>();
  const listener = createServer((client) => {
    if (orders.refusing) {
      client.destroy();
      return;
    }
    clients.add(client);
    client.on('close', () => clients.delete(client));
    relay(client, connect(Number(port), hostname), orders);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port: ownPort } = listener.address() as AddressInfo;
  const endAll = () => {
    for (const client of clients) client.destroy();
  };
  return {
    ...controls(orders, endAll),
    url: (base = target) => throughProxy(base, ownPort),
    async [Symbol.asyncDispose]() {
      const closed = once(listener, 'close');
      listener.close();
      endAll();
      await closed;
    },
  };
}

function controls(orders: Orders, endAll: () => void): Omit<ServerProxy, 'url' | keyof AsyncDisposable> {
  const cut =
    (side: Cut['side']) =>
    (command: CommandName, options: CutOptions = {}) => {
      orders.cuts = [...orders.cuts, { ...options, command, side }];
    };
  const release = () => {
    orders.held?.resolve();
    orders.held = undefined;
  };
  const accept = () => {
    orders.refusing = false;
  };
  return {
    cutBefore: cut('before'),
    cutAfter: cut('after'),
    hold() {
      orders.held ??= Promise.withResolvers();
    },
    release,
    refuse() {
      orders.refusing = true;
      endAll();
    },
    accept,
    delay(milliseconds) {
      orders.delay = milliseconds;
    },
    mend() {
      orders.cuts = [];
      orders.delay = 0;
      accept();
      release();
    },
    seen: (command) => orders.seen.get(command) ?? 0,
    answered: () => orders.answered,
    arrival: async (command) => void (await once(orders.arrivals, command)),
  };
}

function relay(client: Socket, server: Socket, orders: Orders): void {
  const asked = new Map<number, { readonly mayBeDelayed: boolean; readonly cut: Cut | undefined }>();
  const end = () => {
    client.destroy();
    server.destroy();
  };
  onMessage(client, async (message) => {
    const [name = '', collection] = Object.entries(commandOf(message) ?? {})[0] ?? [];
    const cut = takeCut(orders, name, collection);
    asked.set(idOf(message), { mayBeDelayed: !helloCommands.includes(name), cut });
    orders.seen.set(name, (orders.seen.get(name) ?? 0) + 1);
    orders.arrivals.dispatchEvent(new Event(name));
    await orders.held?.promise;
    if (cut?.side === 'before') end();
    else server.write(message);
  });
  onMessage(server, async (message) => {
    // Where a hello is answered again and again, only its first answer is known here, and none is delayed.
    const request = asked.get(answeredId(message));
    orders.answered += message.length;
    asked.delete(answeredId(message));
    if (request?.mayBeDelayed && orders.delay > 0) await setTimeout(orders.delay, undefined, { ref: false });
    await orders.held?.promise;
    if (request?.cut?.side === 'after') end();
    else client.write(message);
  });
  // What broke on one side ends the connection on both; `close` follows an error.
  for (const socket of [client, server]) socket.on('error', () => {});
  client.on('close', () => server.destroy());
  server.on('close', async () => {
    await orders.held?.promise;
    client.destroy();
  });
}

/** The cut that a request falls under. Taken when the request arrives, so that of several at once it takes one. */
function takeCut(orders: Orders, name: string, collection: unknown): Cut | undefined {
  const found = orders.cuts.find(
    (cut) => cut.command === name && (cut.collection === undefined || cut.collection === collection),
  );
  if (found !== undefined && !found.always) orders.cuts = orders.cuts.filter((cut) => cut !== found);
  return found;
}

const hosts = /^(mongodb:\/\/(?:[^@/?]*@)?)([^/?]+)/;

async function primaryOf(url: string): Promise<URL> {
  await using client = new MongoClient(url);
  const { primary } = await client.db('admin').command({ hello: 1 });
  const [first = ''] = hosts.exec(url)?.[2]?.split(',') ?? [];
  return new URL(`mongodb://${primary ?? first}`);
}

/** The driver would leave the proxy for the server's own address, were it not told to connect directly. */
function throughProxy(base: string, port: number): string {
  const url = new URL(base.replace(hosts, `$1127.0.0.1:${port}`));
  url.searchParams.set('directConnection', 'true');
  return url.href;
}
