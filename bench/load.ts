/**
 * The program that sends the load. It writes to its sockets itself: a client of HTTP would cost more than what is
 * measured, and would then be what is measured. On a connection there is one request at a time.
 */
import { connect } from 'node:net';
import type { LoadOrder, Stream, StreamReport } from './load-client.ts';

const contentLength = /\r\ncontent-length: (\d+)\r\n/;
const endOfHead = '\r\n\r\n';
/** Ends an answer that tells no length (RFC 9112 section 7.1); lines of JSON hold no carriage return. */
const lastChunk = '\r\n0\r\n\r\n';

/**
 * Reads the answers of a connection, one after the other, as their bytes come.
 *
 * @returns takes bytes, and gives the status of the answer that ended with them
 */
function answerReader(): (bytes: Buffer) => number | undefined {
  let head = '';
  let status = 0;
  /** Bytes of the body that are still to come; undefined where its last chunk will tell. */
  let left: number | undefined;
  /** The last bytes that came. */
  let tail = '';
  const begin = (text: string) => {
    head += text;
    const end = head.indexOf(endOfHead);
    if (end === -1) return false;
    const length = contentLength.exec(head.slice(0, end + 2))?.[1];
    status = Number(head.slice(9, 12));
    left = length === undefined ? undefined : Number(length) - (head.length - end - endOfHead.length);
    tail = head.slice(-lastChunk.length);
    head = '';
    return true;
  };
  return (bytes) => {
    if (status === 0) {
      if (!begin(bytes.toString('latin1'))) return undefined;
    } else if (left !== undefined) left -= bytes.length;
    else
      tail = (tail + bytes.toString('latin1', Math.max(0, bytes.length - lastChunk.length))).slice(-lastChunk.length);
    if (left !== undefined && left < 0) throw new Error('more came than was asked for');
    if (left === undefined ? tail !== lastChunk : left > 0) return undefined;
    const ended = status;
    status = 0;
    return ended;
  };
}

/** A connection on which one request at a time is sent. */
interface Line {
  send(request: Buffer, answered: (status: number) => void): void;
  close(): void;
}

function openLine(host: string, port: number): Promise<Line> {
  let answered: (status: number) => void = () => {};
  const read = answerReader();
  const buffer = Buffer.allocUnsafe(65_536);
  const socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer,
      callback(count) {
        const status = read(buffer.subarray(0, count));
        if (status !== undefined) answered(status);
        return true;
      },
    },
  });
  const line: Line = {
    send(request, callback) {
      answered = callback;
      socket.write(request);
    },
    close: () => socket.destroy(),
  };
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(line));
    socket.once('error', reject);
    socket.once('end', () => {
      throw new Error('the server ended a connection');
    });
  });
}

/** Of an answer that says that there is too much to do. It is quick, and no work was done for it. */
const refused = 503;

/** Counts the answers of a stream. */
class Tally {
  readonly #milliseconds: number[] = [];
  readonly #statuses = new Map<number, number>();
  #first = 0;
  #last = 0;

  add(status: number, begun: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (status === refused) return;
    const now = performance.now();
    if (this.#milliseconds.length === 0) this.#first = now;
    this.#last = now;
    this.#milliseconds.push(now - begun);
  }

  report(): StreamReport {
    const sorted = Float64Array.from(this.#milliseconds).sort();
    const quantile = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
    return {
      answers: sorted.length,
      statuses: Object.fromEntries(this.#statuses),
      // From answer to answer: neither the first wait nor the end of the time lies half in it.
      perSecond: ((sorted.length - 1) / (this.#last - this.#first)) * 1_000,
      milliseconds: { median: quantile(0.5), p99: quantile(0.99), most: quantile(1) },
    };
  }
}

/** The requests of a stream, over and over or each once. */
function takeFrom({ requests }: Stream, isEndless: boolean): () => Buffer | undefined {
  const bytes = requests.map((request) => Buffer.from(request));
  let next = 0;
  return () => {
    if (next === bytes.length && isEndless) next = 0;
    return bytes[next++];
  };
}

/** Keeps a request in work on every connection, until the time is over or all are sent. */
async function sendWithoutPause(lines: readonly Line[], take: () => Buffer | undefined, until: number): Promise<Tally> {
  const tally = new Tally();
  const keepSending = (line: Line) =>
    new Promise<void>((resolve) => {
      const next = () => {
        const begun = performance.now();
        const request = begun < until ? take() : undefined;
        if (request === undefined) return resolve();
        line.send(request, (status) => {
          tally.add(status, begun);
          next();
        });
      };
      next();
    });
  await Promise.all(lines.map(keepSending));
  return tally;
}

/**
 * Sends at fixed times. A request that finds no connection free waits for one, and its time runs from when it was due:
 * otherwise a server that stands still would be asked less, and look better than it is.
 */
async function sendAtTimes(
  lines: readonly Line[],
  take: () => Buffer | undefined,
  { until, perSecond }: { until: number; perSecond: number },
): Promise<Tally> {
  const tally = new Tally();
  const free = [...lines];
  let due = performance.now();
  await new Promise<void>((resolve) => {
    const turn = () => {
      while (due < until && due <= performance.now() && free.length > 0) {
        const line = free.pop();
        const request = take();
        const begun = due;
        due += 1_000 / perSecond;
        if (line === undefined || request === undefined) break;
        line.send(request, (status) => {
          tally.add(status, begun);
          free.push(line);
        });
      }
      // A timer would be late by up to a millisecond, which is more than an answer takes.
      if (due < until || free.length < lines.length) setImmediate(turn);
      else resolve();
    };
    turn();
  });
  return tally;
}

/** Sends a request on every connection, and waits for all answers. */
async function sendOnce(lines: readonly Line[], take: () => Buffer | undefined): Promise<void> {
  await Promise.all(lines.map((line) => new Promise((resolve) => line.send(take() ?? Buffer.alloc(0), resolve))));
}

async function send(stream: Stream, { host, port, seconds }: LoadOrder): Promise<StreamReport> {
  const lines = await Promise.all(
    Array.from({ length: stream.connections }, () => openLine(host, stream.port ?? port)),
  );
  const take = takeFrom(stream, seconds !== undefined);
  if (stream.isSettled) await sendOnce(lines, takeFrom(stream, true));
  const until = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1_000;
  const { perSecond } = stream;
  const tally = await (perSecond === undefined
    ? sendWithoutPause(lines, take, until)
    : sendAtTimes(lines, take, { until, perSecond }));
  for (const line of lines) line.close();
  return tally.report();
}

process.on('message', async (order: LoadOrder) => {
  const { user, system } = process.cpuUsage();
  const begun = performance.now();
  const streams = await Promise.all(order.streams.map((stream) => send(stream, order)));
  const used = process.cpuUsage({ user, system });
  const share = (used.user + used.system) / 1_000 / (performance.now() - begun);
  process.send?.({ streams, share });
});
process.on('disconnect', () => process.exit());
