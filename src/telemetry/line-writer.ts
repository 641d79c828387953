import { write, writeSync } from 'node:fs';

/** What waits at most, in UTF-16 units (ASCII for the most part): some seconds of a busy service. */
const MOST_WAITING = 4 * 1_024 * 1_024;
/** So much is written without waiting for the time, and no more at once: what a pipe of Linux holds (pipe(7)). */
const BLOCK = 64 * 1_024;
/**
 * A write wakes a thread of the pool, which costs as much as twenty lines: a busy service has hundreds in this time. What
 * waits is lost where the process is killed.
 */
const WAIT_MILLISECONDS = 25;
/** How long to wait where a pipe is full: twice as long each time, so that a slow reader is not slowed and none costs little. */
const SHORTEST_PAUSE_MILLISECONDS = 1;
const LONGEST_PAUSE_MILLISECONDS = 100;
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
  /** What is being written. */
  #block: Buffer | undefined;
  /** So many of its first bytes are in the system's hands. */
  #inSystem = 0;
  /** What was written last ended within a line. */
  #isCut = false;
  #pause = SHORTEST_PAUSE_MILLISECONDS;
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
   * Writes what waits before it returns, for the end of the process. It holds up the event loop, for a second at most.
   * A block that is in the system's hands by then, 64 KB at most, may come late or be lost: `flush` where there is time.
   */
  flushNow(): void {
    const rest = [this.#takeWaiting()];
    if (this.#block !== undefined) rest.unshift(this.#block.subarray(this.#inSystem));
    this.#block = this.#inSystem === 0 ? undefined : this.#block?.subarray(0, this.#inSystem);
    this.#lost += linesIn(writeNow(this.#descriptor, Buffer.concat(rest)));
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
    if (this.#block !== undefined || this.#waiting === '') return;
    this.#block = this.#takeWaiting();
    this.#write(this.#block);
  }

  #takeWaiting(): Buffer {
    // Where the end of a line was lost, the next one must not be glued to its beginning.
    const isGlued = this.#isCut && this.#block === undefined && this.#waiting !== '';
    const block = Buffer.from(isGlued ? `\n${this.#waiting}` : this.#waiting);
    this.#waiting = '';
    return block;
  }

  #write(block: Buffer): void {
    this.#inSystem = Math.min(block.length, BLOCK);
    write(this.#descriptor, block, 0, this.#inSystem, null, (error, written) => {
      this.#inSystem = 0;
      if (error === null) this.#onWritten(written);
      else if (error.code === 'EAGAIN') this.#onFull();
      else this.#onFailed();
    });
  }

  #onWritten(written: number): void {
    this.#pause = SHORTEST_PAUSE_MILLISECONDS;
    this.#isCut = this.#block?.[written - 1] !== LINE_FEED;
    this.#block = this.#block?.subarray(written);
    this.#writeRest();
  }

  #onFull(): void {
    setTimeout(() => this.#writeRest(), this.#pause).unref();
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MILLISECONDS);
  }

  #onFailed(): void {
    if (this.#block !== undefined) this.#lost += linesIn(this.#block);
    this.#block = undefined;
    this.#writeRest();
  }

  #writeRest(): void {
    if (this.#block !== undefined && this.#block.length > 0) {
      this.#write(this.#block);
      return;
    }
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

/** How many lines end in a block. A line feed at its very beginning ends one that is there already. */
function linesIn(block: Buffer): number {
  let lines = 0;
  for (let at = block.indexOf(LINE_FEED, 1); at !== -1; at = block.indexOf(LINE_FEED, at + 1)) lines++;
  return lines;
}
