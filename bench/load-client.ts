import { fileURLToPath } from 'node:url';
import { cores, end, nextMessage, startPinned } from './pinned.ts';

/** Requests of one sort. */
export interface Stream {
  /** Whole requests as they go over the wire. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Where it goes to another server than the order names. */
  readonly port?: number;
  /** Each connection has its first answer before the time begins: none is still to be accepted then. */
  readonly isSettled?: true;
  /** Unless given, each connection sends the next request as soon as it has its answer. */
  readonly perSecond?: number;
}

/** What is sent, and to whom. */
export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  /** They run side by side. */
  readonly streams: readonly Stream[];
  /** How long the requests are sent over and over; unless given, each is sent once. */
  readonly seconds?: number;
}

/** What became of a stream: its counts, rates and times are of answers that are not 503. */
export interface StreamReport {
  readonly answers: number;
  /** How many answers had which status, 503 among them. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers a second, from the first answer to the last. */
  readonly perSecond: number;
  /** From when a request was sent, or was due, to the end of its answer. */
  readonly milliseconds: { readonly median: number; readonly p99: number; readonly most: number };
}

/** What became of an order. */
export interface LoadReport {
  readonly streams: readonly StreamReport[];
  /** How much of its core the load took: near 1 the load was measured, and not the server. */
  readonly share: number;
}

/** Sends load, from a process on a core of its own. */
export interface LoadClient {
  /** @throws {Error} an answer had another status than those that they should have */
  send(order: LoadOrder, ...expected: readonly number[]): Promise<LoadReport>;
  close(): Promise<void>;
}

/** Starts the process that sends the load. */
export function startLoad(directory: string): LoadClient {
  const child = startPinned(fileURLToPath(new URL('load.ts', import.meta.url)), { core: cores.load, directory });
  return {
    async send(order, ...expected) {
      child.send(order);
      const report = (await nextMessage(child)) as LoadReport;
      for (const { answers, statuses } of report.streams) {
        const right = expected.reduce((sum, status) => sum + (statuses[status] ?? 0), 0);
        const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
        if (answers === 0 || right !== all) {
          throw new Error(`all answers should be ${expected.join(' or ')}, but they were ${JSON.stringify(statuses)}`);
        }
      }
      return report;
    },
    close: () => end(child, 'SIGKILL'),
  };
}

/** A request as it goes over the wire. */
export function request(
  method: string,
  path: string,
  { body, token }: { body?: object; token?: string | undefined } = {},
): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: bench.example',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}
