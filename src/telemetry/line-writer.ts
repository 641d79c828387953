import { write, writeSync } from 'node:fs';

/** What waits at most, in UTF-16 units (ASCII for the most part): some seconds of a busy service. */
const MOST_WAITING = 4 * 1_024 * 1_024;
/** So much is written at once, without waiting for the time. */
const BLOCK = 16 * 1_024;
const WAIT_MILLISECONDS = 100;
/** What a flush takes at most. */
const FLUSH_MILLISECONDS = 1_000;
const LINE_FEED = 0x0a;

/**
 * Writes lines to a file descriptor off the event loop, in blocks. Where nobody takes them (a pipe that is full or
 * closed, a disk without room) lines are lost and counted; nothing fails, waits or grows for it.
 *
 * It stands in the place of pino's own destination (sonic-boom 4), whose `flushSync` at the end of the process tries for
 * ever where a write fails with anything but EAGAIN: with the reader gone or the disk full the process never ends.
 */
export class LineWriter {
  readonly #descriptor: number;
  #waiting = '';
  /** What is being written: in the system's hands, or to be tried again. */
  #block: Buffer | undefined;
  #isInSystem = false;
  /** What was written last ended within a line. */
  #isCut = false;
  #timer: NodeJS.Timeout | undefined;
  #flushed: (() => void)[] = [];
  #lost = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** How many lines were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a line with its line feed. */
  write(line: string): void {
    if (this.#waiting.length + line.length > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting += line;
    this.#goOn();
  }

  /** Resolves when everything taken so far is written or lost, after a second at the latest. */
  async flush(): Promise<void> {
    if (this.#block === undefined && this.#waiting === '') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, FLUSH_MILLISECONDS);
    this.#flushed.push(resolve);
    this.#goOn();
    await promise;
    clearTimeout(limit);
  }

  /**
   * Writes what waits before it returns, for the end of the process. It holds up the event loop, for a second at most;
   * what is in the system's hands by then may come after it.
   */
  flushNow(): void {
    const block = this.#isInSystem ? undefined : this.#block;
    if (block !== undefined) this.#block = undefined;
    const rest = Buffer.concat([block ?? Buffer.alloc(0), this.#takeWaiting()]);
    this.#lost += linesIn(writeNow(this.#descriptor, rest));
  }

  /** Writes the next block if it is time for it. */
  #goOn(): void {
    if (this.#block !== undefined || this.#waiting === '') return;
    if (this.#waiting.length >= BLOCK || this.#flushed.length > 0) this.#writeWaiting();
    else this.#timer ??= setTimeout(() => this.#writeWaiting(), WAIT_MILLISECONDS).unref();
  }

  #writeWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#block === undefined && this.#waiting !== '') this.#write(this.#takeWaiting());
  }

  #takeWaiting(): Buffer {
    const block = Buffer.from(this.#waiting);
    this.#waiting = '';
    return block;
  }

  #write(block: Buffer): void {
    this.#block = block;
    this.#isInSystem = true;
    write(this.#descriptor, block, (error, written) => {
      this.#isInSystem = false;
      if (error === null) this.#onWritten(block, written);
      else if (error.code === 'EAGAIN') setTimeout(() => this.#tryAgain(), WAIT_MILLISECONDS).unref();
      else this.#onLost(block);
    });
  }

  #onWritten(block: Buffer, written: number): void {
    this.#isCut = block[written - 1] !== LINE_FEED;
    if (written < block.length) this.#write(block.subarray(written));
    else this.#onDone();
  }

  #tryAgain(): void {
    if (this.#block !== undefined) this.#write(this.#block);
    else this.#onDone();
  }

  #onLost(block: Buffer): void {
    this.#lost += linesIn(block);
    // The rest of a line is gone: the next one must not be glued to its beginning.
    if (this.#isCut) this.#waiting = `\n${this.#waiting}`;
    this.#isCut = false;
    this.#onDone();
  }

  #onDone(): void {
    this.#block = undefined;
    this.#goOn();
    if (this.#block !== undefined) return;
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}

/** Writes to a descriptor and returns what it would not take within the time of a flush. */
function writeNow(descriptor: number, block: Buffer): Buffer {
  const limit = performance.now() + FLUSH_MILLISECONDS;
  let rest = block;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
      if (!isBusy || performance.now() > limit) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return rest;
}

function linesIn(block: Buffer): number {
  let lines = 0;
  for (let at = block.indexOf(LINE_FEED); at !== -1; at = block.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
