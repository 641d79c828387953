import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import type { Connections } from './connections.ts';
import { EdgeError, tellProblem } from './problems.ts';
import type { Answered } from './request-log.ts';

/** What is answered however much is in work, and at once: how else would anybody learn of it? */
const alwaysAnswered = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * How many begin in a turn of the event loop: what was read from many connections at once would otherwise be done before
 * any other is looked at.
 */
const mostBegun = 16;

/**
 * The same where a connection was accepted. libuv accepts one in a turn (since 1.45), so that of a thousand that come at
 * once the last waits for a thousand turns.
 */
const mostBegunBesideNew = 4;

/** How many begin for each that is refused: who comes again at once would otherwise leave little of a turn for work. */
const begunForRefused = 4;

/** Milliseconds for which a line of the log counts the refused. */
const lineMilliseconds = 1_000;

/** What a workload is handed. */
export interface WorkloadParts {
  /** Requests that are in work or wait to begin. */
  readonly most: number;
  /** How many of them wait for a password hash: that line has a bound of its own, so they take no room in this one. */
  hashesWaiting(): number;
  readonly connections: Connections;
  nextId(): string;
  readonly log: Log;
  /** Called once for each refusal. */
  onAnswer(answered: Answered): void;
}

/**
 * Bounds the requests in work, so that the service does what it can however much is asked: past the bound they are refused
 * before anything is made of them. Who is slow to send a body or to take an answer takes no room meanwhile. What then waits
 * in memory has bounds of its own: Node reads no more of a connection while 64 KiB of answers wait there, `connections.ts`
 * bounds what has been read, and an organization's turns last until its answers are sent.
 */
export class Workload {
  readonly #parts: WorkloadParts;
  /** What lets each begin, or refuses it. */
  readonly #waiting = new Set<() => void>();
  readonly #refused = new Set<() => void>();
  /** What gives back the room of each whose body has not come with its head. */
  #arriving: (() => void)[] = [];
  /** What lets each go on that was begun and waits for room. */
  readonly #paused = new Set<() => void>();
  /** The answers, and pieces of answers, that take room. */
  readonly #inWork = new Set<object>();
  /** In this turn of the event loop. */
  #begun = 0;
  #mostBegun = mostBegun;
  /** Whether the next turn is awaited. */
  #isMarked = false;
  #countRefused = 0;
  /** How many were refused since the last line of the log. */
  #untold = 0;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  /** How many may be in work at once. */
  get most(): number {
    return this.#parts.most;
  }

  /** How many are in work or wait to begin, those that wait for a password hash not counted. */
  get working(): number {
    return Math.max(0, this.#inWork.size - this.#parts.hashesWaiting());
  }

  /** How many were refused since the start. */
  get refused(): number {
    return this.#countRefused;
  }

  /** Notes that a connection was accepted. */
  accepted(): void {
    this.#mostBegun = mostBegunBesideNew;
    this.#mark();
  }

  /** Calls `begin` when it is the request's turn, or refuses the request. */
  admit(request: IncomingMessage, answer: ServerResponse, begin: () => void): void {
    if (alwaysAnswered.has(request.url ?? '')) {
      begin();
      return;
    }
    this.#mark();
    if (this.#isFull) {
      this.#parts.connections.begin(request.socket, answer);
      this.#refused.add(() => this.#refuse(request, answer));
      return;
    }
    this.#takeRoom(request, answer);
    if (this.#waiting.size > 0 || this.#begun >= this.#mostBegun) this.#waiting.add(begin);
    else {
      this.#begun += 1;
      begin();
    }
  }

  /** Takes room for an answer, once. */
  take(answer: object): void {
    this.#inWork.add(answer);
  }

  /** Ends the room that an answer takes: it is made, or goes on for as long as its reader stays. */
  giveBack(answer: object): void {
    if (this.#inWork.delete(answer) && this.#paused.size > 0 && !this.#isFull) callFirst(this.#paused, 1);
  }

  /**
   * Hands on the pieces of an answer, which are made as its reader takes them: each takes room while it is made. Where there
   * is none the next that ends is its, before any request is begun: what is half sent could not be refused.
   */
  async *inPieces<T>(pieces: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
    const next = async () => {
      const room = {};
      await this.#takeNext(room);
      return await pieces.next().finally(() => this.giveBack(room));
    };
    try {
      for (let piece = await next(); piece.done !== true; piece = await next()) yield piece.value;
    } finally {
      await pieces.return();
    }
  }

  get #isFull(): boolean {
    return this.#inWork.size - this.#parts.hashesWaiting() >= this.#parts.most;
  }

  /** Takes room as soon as there is some. */
  async #takeNext(room: object): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = () => {
      this.take(room);
      resolve();
    };
    if (this.#isFull) this.#paused.add(go);
    else go();
    await promise;
  }

  #takeRoom(request: IncomingMessage, answer: ServerResponse): void {
    this.#takeUntilAnswered(answer);
    const { headers } = request;
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
    // Most bodies come with their heads: it is looked at in the next turn, of which `admit` has seen to it that it is awaited.
    this.#arriving.push(() => {
      if (request.complete) return;
      this.giveBack(answer);
      request.once('end', () => this.#takeUntilAnswered(answer));
    });
  }

  #takeUntilAnswered(answer: ServerResponse): void {
    if (answer.writableEnded || answer.closed) return;
    this.take(answer);
    answer.on('close', () => this.giveBack(answer));
  }

  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    const most = this.#mostBegun;
    this.#mostBegun = mostBegun;
    this.#isMarked = false;
    for (const look of this.#arriving.splice(0)) look();
    callFirst(this.#refused, most / begunForRefused);
    this.#begun = callFirst(this.#waiting, most);
    // Also where the line is empty now: those that begin in the next turn count together with these.
    if (this.#begun > 0 || this.#refused.size > 0) this.#mark();
  }

  #refuse({ method = '', socket }: IncomingMessage, answer: ServerResponse): void {
    if (socket.destroyed) return;
    const { nextId, onAnswer } = this.#parts;
    const requestId = nextId();
    const { status, headers } = refusal;
    const body = refusalBody.replace(withoutId, `"request_id":"${requestId}"`);
    // One text goes to the kernel together with the head, which a Buffer would not.
    answer.writeHead(status, { ...headers, 'x-request-id': requestId, 'content-length': body.length }).end(body);
    onAnswer({ method, route: 'unknown', status, seconds: 0, code: tooMuch.code });
    this.#countRefused += 1;
    this.#tell();
  }

  /** A line for each would cost more than all the rest of a refusal. */
  #tell(): void {
    this.#untold += 1;
    if (this.#untold > 1) return;
    setTimeout(() => {
      const { log } = this.#parts;
      log.warn({ refused: this.#untold, code: tooMuch.code }, 'too much was in work: requests were refused');
      this.#untold = 0;
    }, lineMilliseconds).unref();
  }
}

const tooMuch = new EdgeError('busy', 'Too much is in work; try again in 1 s');

/** Made once, but for the request's id. */
const refusal = tellProblem(tooMuch, { requestId: '', reference: false });
const refusalBody = refusal.body.toString();
const withoutId = '"request_id":""';

/** Calls the first of a line, which are in it no longer. @returns how many those were */
function callFirst(line: Set<() => void>, most: number): number {
  let count = 0;
  for (const each of line) {
    if (count >= most) break;
    line.delete(each);
    count += 1;
    each();
  }
  return count;
}
