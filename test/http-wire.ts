import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. Header names are in small letters. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A bare connection, for what no HTTP client would send. Destroyed at the end of its scope. */
export interface Wire extends Disposable {
  readonly socket: Socket;
  send(bytes: string | Buffer): void;
  /** The next answer, complete; `method: 'HEAD'` for one without a body. Rejects where the connection ends before it. */
  answer(method?: string): Promise<WireAnswer>;
  /** Resolves when the other side has ended the connection; with what came and was not asked for. */
  ended(): Promise<string>;
}

/** Opens a connection to a port of this machine. */
export async function openWire(port: number): Promise<Wire> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let over = false;
  const arrivals = new EventTarget();
  const arrive = () => arrivals.dispatchEvent(new Event('arrival'));
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    arrive();
  });
  socket.on('close', () => {
    over = true;
    arrive();
  });
  // A reset ends the connection; `close` follows.
  socket.on('error', () => {});
  const until = async <Value>(read: () => Value | undefined): Promise<Value> => {
    for (;;) {
      const value = read();
      if (value !== undefined) return value;
      if (over) throw new Error(`The connection ended; received: ${JSON.stringify(received.toString('latin1'))}`);
      await once(arrivals, 'arrival');
    }
  };
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    answer: (method = 'GET') =>
      until(() => {
        const parsed = parseAnswer(received, method);
        if (parsed === undefined) return undefined;
        received = received.subarray(parsed.length);
        return parsed.answer;
      }),
    ended: () => until(() => (over ? received.toString('latin1') : undefined)),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Sends one request on a connection of its own and gives its answer. */
export async function exchange(port: number, request: string | Buffer): Promise<WireAnswer> {
  using wire = await openWire(port);
  wire.send(request);
  return await wire.answer();
}

function parseAnswer(bytes: Buffer, method: string): { answer: WireAnswer; length: number } | undefined {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0);
  const start = end + 4;
  if (bytes.length < start + length) return undefined;
  const body = bytes.subarray(start, start + length).toString();
  return { answer: { status: Number(statusLine.split(' ')[1]), headers, body }, length: start + length };
}
