import type { Redis } from 'ioredis';

/** What is asked of Redis with a connection of its own, and whether it answers. */
export interface Link {
  /** Whether it answered last; while it does not, nothing is asked of it. */
  isUp(): boolean;
  /**
   * Asks at once, and takes an answer of the next few tens of milliseconds. One that does not come, and an error, take the
   * link down until Redis answers again, which is looked for apart.
   *
   * @param onLate told the answer where it comes after that; before the link is up again
   * @throws {Error} it is down, or went down by this
   */
  ask<T>(send: (client: Redis) => Promise<T>, onLate?: (answer: T) => void): Promise<T>;
  /** As `ask`, where nobody waits for it and nothing depends on it. */
  offer(send: (client: Redis) => Promise<unknown>): void;
  /** Resolves when it is up, at the latest after so many milliseconds. */
  settle(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** What a link is made of. */
export interface LinkParts {
  /** Of which nobody else asks anything. */
  readonly client: Redis;
  /** What is asked of it before it is up. */
  enter(client: Redis): Promise<unknown>;
  /** Whether it is asked now and then while nobody else asks anything. */
  readonly isWatched: boolean;
  onUp(): void;
  /** @param reason what failed; it may hold anything that Redis or the driver says */
  onDown(reason: string): void;
}

/** For an answer: a request waits for it. A Redis nearby needs one. */
const answerMilliseconds = 50;

/** For an answer that nobody waits for. */
const lookMilliseconds = 250;

/** Between two looks whether it answers again. */
const restMilliseconds = 200;

/** Of the looks at one that is up, each so manieth is made. */
const restsWhileUp = 5;

/** Looks without an answer after which the connection is made anew: its other end may be gone. */
const mostUnanswered = 10;

/** Makes a link. It is down until its connection is made. */
export function createLink({ client, enter, isWatched, onUp, onDown }: LinkParts): Link {
  const ending = new AbortController();
  const { signal } = ending;
  let up = false;
  let unanswered = 0;
  let reason = 'it has not answered yet';
  let entered = Promise.withResolvers<void>();

  function fall(error: Error): void {
    reason = error.message;
    if (!up) return;
    up = false;
    entered = Promise.withResolvers();
    if (!signal.aborted) onDown(reason);
  }

  async function look(): Promise<void> {
    if (client.status !== 'ready') return;
    try {
      await inTime(up ? client.ping() : enter(client), lookMilliseconds);
      unanswered = 0;
      if (!up && client.status === 'ready') {
        up = true;
        entered.resolve();
        onUp();
      }
    } catch (error) {
      fall(error as Error);
      unanswered += 1;
      if (unanswered % mostUnanswered === 0) client.disconnect(true);
    }
  }

  async function keepLooking(): Promise<void> {
    for (let turn = 1; !signal.aborted; turn += 1) {
      if (!up || (isWatched && turn % restsWhileUp === 0)) await look();
      await rest(restMilliseconds, signal);
    }
  }

  // The driver tries again by itself; an error without a listener would be printed.
  client.on('error', (error: Error) => {
    reason = error.message;
  });
  client.on('ready', () => void look());
  client.on('close', () => fall(new Error(`the connection ended (${reason})`)));
  client.connect().catch((error: Error) => {
    reason = error.message;
  });
  const looking = keepLooking();

  async function ask<T>(send: (client: Redis) => Promise<T>, onLate?: (answer: T) => void): Promise<T> {
    if (!up) throw new Error(`Redis is not asked: ${reason}`);
    try {
      return await inTime(send(client), answerMilliseconds, onLate);
    } catch (error) {
      fall(error as Error);
      throw error;
    }
  }

  return {
    isUp: () => up,
    ask,
    offer(send) {
      // Where it fails the link is down, which is told by itself.
      const over = () => undefined;
      void ask(send).then(over, over);
    },
    async settle(milliseconds) {
      const over = new AbortController();
      await Promise.race([entered.promise, rest(milliseconds, over.signal)]);
      over.abort();
      if (!up) onDown(reason);
    },
    async close() {
      ending.abort();
      up = false;
      client.disconnect();
      await looking;
    },
  };
}

/** Resolves after so many milliseconds, or when the signal is aborted; keeps no process alive. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  };
  const timer = setTimeout(end, signal.aborted ? 0 : milliseconds).unref();
  signal.addEventListener('abort', end);
  return promise;
}

/** What the work gives, where that comes in time. */
function inTime<T>(work: Promise<T>, milliseconds: number, onLate?: (value: T) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let isLate = false;
  const end = () => {
    isLate = true;
    reject(new Error(`no answer within ${milliseconds} ms`));
  };
  // After what has arrived was read: the process itself may have been held up.
  const timer = setTimeout(() => setImmediate(end), milliseconds);
  const take = (value: T) => {
    clearTimeout(timer);
    if (isLate) onLate?.(value);
    else resolve(value);
  };
  const fail = (error: unknown) => {
    clearTimeout(timer);
    reject(error);
  };
  work.then(take, fail);
  return promise;
}
