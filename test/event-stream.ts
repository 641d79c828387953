import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { soon } from './soon.ts';

/** An event as it came over a stream. */
export interface Streamed {
  readonly id: string;
  readonly event: string;
  /** The JSON, as it came. */
  readonly data: string;
}

/** A reader of a stream of events. It hangs up at the end of its scope. */
export interface StreamReader extends Disposable {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** All that came and is no event: the first line, and comments. */
  readonly others: readonly string[];
  readonly events: readonly Streamed[];
  /** Resolves when so many events have come, with all of them. */
  has(count: number): Promise<readonly Streamed[]>;
  /** Resolves when so many other blocks have come. */
  hasOthers(count: number): Promise<void>;
  /** Resolves when the other side has ended it, with its text where it is no stream. */
  ended(): Promise<string>;
  hangUp(): void;
}

/** What a reader asks with. */
export interface StreamAsk {
  readonly token: string;
  readonly lastEventId?: string | undefined;
}

/** Asks for a stream, and resolves when its head is there. */
export async function openStream(port: number, path: string, { token, lastEventId }: StreamAsk): Promise<StreamReader> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  };
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [response] = (await soon(once(sent, 'response'), `the head of ${path}`)) as [IncomingMessage];
  const events: Streamed[] = [];
  const others: string[] = [];
  const arrivals = new EventTarget();
  let left = '';
  let isOver = false;
  const arrive = () => arrivals.dispatchEvent(new Event('arrival'));
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    while (!holds()) {
      if (isOver) throw new Error(`the stream ended before ${what}, with ${events.length} events`);
      await soon(once(arrivals, 'arrival'), `${what}; there are ${events.length} events`);
    }
  };
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (left + chunk).split('\n\n');
    left = blocks.pop() ?? '';
    for (const block of blocks) {
      const streamed = readEvent(block);
      if (streamed === undefined) others.push(block);
      else events.push(streamed);
    }
    arrive();
  });
  // Cut off, by either side; `close` follows.
  response.on('error', () => {});
  sent.on('error', () => {});
  response.once('close', () => {
    isOver = true;
    arrive();
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    others,
    events,
    async has(count) {
      await until(() => events.length >= count, `${count} events`);
      return events;
    },
    hasOthers: (count) => until(() => others.length >= count, `${count} blocks that are no events`),
    async ended() {
      while (!isOver) await soon(once(arrivals, 'arrival'), 'the end of the stream');
      return left;
    },
    hangUp: () => void sent.destroy(),
    [Symbol.dispose]: () => void sent.destroy(),
  };
}

/** The first block of a stream that does not end, with the empty line after it; nothing more of it is read. */
export async function firstBlockOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    const end = text.indexOf('\n\n');
    if (end !== -1) return text.slice(0, end + 2);
  }
  return text;
}

function readEvent(block: string): Streamed | undefined {
  const { id, event, data } = /^id: (?<id>.*)\nevent: (?<event>.*)\ndata: (?<data>.*)$/.exec(block)?.groups ?? {};
  return id === undefined || event === undefined || data === undefined ? undefined : { id, event, data };
}
