import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import { TenantryError } from '../errors.ts';
import type { EventReader } from '../events/hub.ts';
import type { Tenancy } from '../organizations/tenancy.ts';
import { endSpan } from './request-span.ts';

/** A comment to a reader, so that nobody on the way takes the connection for dead. */
const heartbeatMilliseconds = 15_000;

/**
 * How often it is looked whether readers still may read: with what is remembered of that for a second at most, and the
 * time that it takes, within five seconds.
 */
const checkMilliseconds = 3_000;

/** Readers that are looked at beside each other. */
const checkedAtOnce = 16;

/** Bytes that wait for a reader who takes too little; past it the stream is ended. */
const mostUnsent = 1_048_576;

/** When a reader connects again whose stream has ended, in milliseconds. */
const opening = 'retry: 1000\n\n';
const heartbeat = ':\n\n';

/** The header fields of a stream, beside those of every answer. A proxy is not to gather what it sends. */
export const streamHeaders = {
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
} as const;

/** What is sent to a reader, and to which. */
export interface StreamOrder {
  readonly organization: string;
  /** The number of the last event that it has. */
  readonly after: number;
  /** @throws {TenantryError} not_authenticated, organization_not_found: it may not read any more */
  checkAgain(): Promise<void>;
}

/** The streams of events that are open. */
export interface EventStreams {
  /**
   * Answers with a stream. What is thrown is thrown before anything is sent.
   *
   * @throws {TenantryError} busy: there are too many; stopping
   */
  open(reply: FastifyReply, order: StreamOrder): void;
  /** Ends all, and opens none any more. */
  close(): void;
}

interface Stream extends EventReader {
  readonly isBehind: () => boolean;
  checkAgain(): Promise<void>;
}

/** Makes the streams of a server. */
export function createEventStreams({ eventHub, log, wait }: Pick<Tenancy, 'eventHub' | 'log' | 'wait'>): EventStreams {
  const streams = new Set<Stream>();
  let isClosed = false;
  let keeping: AbortController | undefined;

  /** @throws what is not known, such as that the storage does not answer: the next round finds out */
  async function check(stream: Stream): Promise<void> {
    try {
      await stream.checkAgain();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      stream.end();
    }
  }

  async function checkAll(): Promise<void> {
    const left = [...streams];
    try {
      while (left.length > 0) await Promise.all(left.splice(0, checkedAtOnce).map(check));
    } catch (error) {
      log.warn({ err: error }, 'whether readers of events still may read could not be looked up; trying again');
    }
  }

  async function beat(): Promise<void> {
    for (const stream of streams) if (!stream.isBehind()) stream.send(heartbeat);
  }

  async function every(milliseconds: number, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      await wait(milliseconds, signal);
      if (signal.aborted) return;
      await work();
    }
  }

  function add(stream: Stream): void {
    streams.add(stream);
    if (keeping !== undefined) return;
    keeping = new AbortController();
    void every(heartbeatMilliseconds, beat, keeping.signal);
    void every(checkMilliseconds, checkAll, keeping.signal);
  }

  function forget(stream: Stream): void {
    streams.delete(stream);
    if (streams.size > 0) return;
    keeping?.abort();
    keeping = undefined;
  }

  return {
    open(reply, { organization, after, checkAgain }) {
      if (isClosed || reply.server.connections.stopping) {
        throw new TenantryError('stopping', 'The service is stopping; try again');
      }
      const { raw } = reply;
      // Who has hung up meanwhile would never be forgotten.
      if (raw.closed) return void reply.hijack();
      const stream: Stream = {
        ...readerOf(reply, () => log.warn({ organization }, 'a reader of events takes too little, and was ended')),
        checkAgain,
      };
      const leave = eventHub.follow(organization, after, stream);
      add(stream);
      raw.once('close', () => {
        leave();
        forget(stream);
      });
      reply.hijack();
      // The last answer of its connection, with which it ends: the same bytes go to all, and need not be cut in chunks for each.
      raw.removeHeader('transfer-encoding');
      reply.headers({ ...streamHeaders, connection: 'close' });
      raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      stream.send(opening);
      reply.server.workload.giveBack(raw);
      // What is done for a reader from here on is done for others too, and has no end.
      endSpan(reply.request, { status: raw.statusCode });
    },
    close() {
      isClosed = true;
      for (const { end } of streams) end();
    },
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof TenantryError && ['not_authenticated', 'organization_not_found'].includes(error.code);
}

/** Writes to an answer, as long as that is open. */
function readerOf({ raw }: FastifyReply, onSlow: () => void): Omit<Stream, 'checkAgain'> {
  let onReady = () => {};
  const isOpen = () => !raw.destroyed && !raw.writableEnded;
  raw.on('drain', () => onReady());
  raw.once('close', () => onReady());
  return {
    send(bytes) {
      if (!isOpen()) return true;
      const hasRoom = raw.write(bytes);
      if (raw.writableLength > mostUnsent) {
        onSlow();
        raw.destroy();
      }
      return hasRoom;
    },
    whenReady() {
      if (!isOpen() || !raw.writableNeedDrain) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      onReady = resolve;
      return promise;
    },
    isBehind: () => raw.writableLength > 0,
    end() {
      if (!isOpen()) return;
      raw.end();
      // Nobody waits for who takes nothing.
      if (raw.writableLength > 0) raw.destroy();
    },
  };
}
