/** The program that follows events: on many connections at once, and measures how old each is when it comes. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** What is followed. */
export interface FollowOrder {
  readonly host: string;
  readonly port: number;
  /** The whole request as it goes over the wire. */
  readonly request: string;
  readonly readers: number;
}

/** What came since the order, or the last report, in milliseconds from the event's `time` to its arrival. */
export interface FollowReport {
  /** Events on all connections. */
  readonly arrived: number;
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

const before = Buffer.from('"time":"');
const timeLength = '2026-11-24T09:30:00.000Z'.length;
const lineFeed = 0x0a;

let ages: number[] = [];
const times = new Map<string, number>();

/** Each is the same on all connections. */
function parsed(text: string): number {
  let time = times.get(text);
  if (time === undefined) {
    if (times.size > 10_000) times.clear();
    time = Date.parse(text);
    times.set(text, time);
  }
  return time;
}

/** Notes the age of each event in the bytes. @returns where those begin that are not a whole one */
function note(bytes: Buffer, now: number): number {
  let end = 0;
  for (;;) {
    const found = bytes.indexOf(before, end);
    const begin = found + before.length;
    if (found === -1 || begin + timeLength > bytes.length) return bytes.at(-1) === lineFeed ? bytes.length : end;
    end = begin + timeLength;
    ages.push(now - parsed(bytes.toString('latin1', begin, end)));
  }
}

/** Resolves when the stream has begun. */
async function follow({ host, port, request }: FollowOrder): Promise<void> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  socket.write(request);
  const [head] = (await once(socket, 'data')) as [Buffer];
  const status = head.toString('latin1', 9, 12);
  if (status !== '200') throw new Error(`a stream was answered with ${status}`);
  let left: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    left = bytes.subarray(note(bytes, performance.timeOrigin + performance.now()));
  });
  socket.once('close', () => {
    throw new Error('a stream ended');
  });
}

function report(): FollowReport {
  const sorted = Float64Array.from(ages).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  ages = [];
  return { arrived: sorted.length, median: at(0.5), p99: at(0.99), most: at(1) };
}

process.on('message', async (order: FollowOrder | 'report') => {
  if (order !== 'report') {
    for (let count = 0; count < order.readers; count += 1) await follow(order);
  }
  process.send?.(report());
});
process.on('disconnect', () => process.exit());
