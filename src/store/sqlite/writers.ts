import { Worker } from 'node:worker_threads';
import { TenantryError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { unavailable as storageUnavailable } from '../unavailable.ts';
import { type Fault, faultOf, unavailable } from './faults.ts';
import { type Answer, type Answers, hasChanged, type Job } from './jobs.ts';
import { type Batch, type FileReport, sent } from './messages.ts';
import { createBatches, type Submitted } from './next-batch.ts';
import type { WriterData } from './writer.ts';

/** Jobs that may wait for one writer; past it callers get `busy`. */
export const mostWaiting = 20_000;

/** The writers' threads. A file belongs to one of them, always the same. */
export interface Writers {
  /**
   * Does a job in the file's next transaction.
   *
   * @param end a job that still waits then is not done, in milliseconds of `performance.now()`
   * @throws {TenantryError} storage_unavailable, busy, stopping
   */
  submit<T extends Job['type']>(file: string, job: Extract<Job, { type: T }>, end?: number): Promise<Answers[T]>;
  /** Keeps all writers still while `work` runs: no transaction is open, and jobs wait. */
  whileStill<T>(work: () => Promise<T>): Promise<T>;
  /** Does what was submitted, then closes every file. */
  close(): Promise<void>;
}

/** With what the writers are started. */
export interface WriterOptions {
  readonly directory: string;
  readonly master: WriterData['master'];
  readonly threads: number;
  readonly log: Log;
  /** Told after each transaction: how many jobs it did and how long it took. */
  readonly onCommit: (commit: { commits: number; seconds: number }) => void;
  readonly mostOpenFiles?: number;
  readonly idleMilliseconds?: number;
}

/** Starts the writers' threads. */
export function startWriters(options: WriterOptions): Writers {
  const writers = Array.from({ length: options.threads }, () => new Writer(options));
  const assigned = new Map<string, Writer>();
  return {
    submit<T extends Job['type']>(file: string, job: Extract<Job, { type: T }>, end = Number.POSITIVE_INFINITY) {
      const writer = assigned.get(file) ?? writers[assigned.size % writers.length];
      if (writer === undefined) throw new RangeError('there is no writer');
      assigned.set(file, writer);
      return writer.submit({ file, job, end }) as Promise<Answers[T]>;
    },
    async whileStill(work) {
      const resume = await Promise.all(writers.map((writer) => writer.pause()));
      try {
        return await work();
      } finally {
        for (const go of resume) go();
      }
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}

interface Waiting extends Submitted {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Of a thread, for what lives no longer than a batch: V8's own measure would be a hundred. */
const maxYoungGenerationSizeMb = 8;

/** One thread, with one batch in work; what is submitted meanwhile is the next batch. */
class Writer {
  readonly #options: WriterOptions;
  readonly #batches = createBatches();
  #waiting: Waiting[] = [];
  readonly #inWork = new Map<number, Waiting>();
  /** Undefined where it died; the next batch starts another. */
  #worker: Worker | undefined;
  #nextId = 0;
  #scheduled = false;
  #busy = false;
  #pauses = 0;
  #closed = false;
  #atBatchEnd: (() => void)[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  submit(submitted: Submitted): Promise<Answer> {
    if (this.#closed) {
      return Promise.reject(new TenantryError('stopping', 'The service is stopping', { retryAfterSeconds: 1 }));
    }
    if (this.#waiting.length >= mostWaiting) {
      return Promise.reject(
        new TenantryError('busy', 'Too many writes are waiting; try again later', { retryAfterSeconds: 1 }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...submitted, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when no batch is in work; none begins until what it gives is called. */
  async pause(): Promise<() => void> {
    this.#pauses += 1;
    while (this.#busy) await this.#batchEnd();
    return () => {
      this.#pauses -= 1;
      this.#schedule();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#busy || this.#waiting.length > 0) await this.#batchEnd();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('close');
    await ended;
  }

  #batchEnd(): Promise<void> {
    return new Promise((resolve) => this.#atBatchEnd.push(resolve));
  }

  /** Sends the next batch at the end of this turn of the event loop, so that all jobs of the turn are in it. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#busy || this.#pauses > 0 || this.#waiting.length === 0) return;
    this.#refuseLate();
    if (this.#waiting.length === 0) {
      this.#free();
      return;
    }
    this.#busy = true;
    const { batch, left } = this.#batches.take(this.#waiting, performance.now());
    this.#waiting = left;
    const numbered = batch.map((waiting) => {
      const id = this.#nextId++;
      this.#inWork.set(id, waiting);
      return { id, waiting };
    });
    const byFile = Map.groupBy(numbered, ({ waiting }) => waiting.file);
    this.#worker ??= this.#start();
    this.#worker.postMessage(
      Array.from(byFile, ([file, jobs]) => ({
        file,
        jobs: jobs.map(({ id, waiting }) => [id, sent(waiting.job)] as const),
      })) satisfies Batch,
    );
  }

  /** Of a commit whose caller waits no longer nothing may happen any more. */
  #refuseLate(): void {
    const now = performance.now();
    const { late = [], waiting = [] } = Object.groupBy(this.#waiting, ({ end }) => (end <= now ? 'late' : 'waiting'));
    this.#waiting = waiting;
    for (const { reject } of late)
      reject(storageUnavailable(new Error('it waited for the writer until its time was over')));
  }

  #start(): Worker {
    const { directory, master, mostOpenFiles = 32, idleMilliseconds = 60_000 } = this.#options;
    const workerData: WriterData = { directory, master, mostOpenFiles, idleMilliseconds };
    const worker = new Worker(new URL('./writer.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb },
    });
    let failure: unknown;
    worker.on('message', (report: FileReport) => this.#take(report));
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', (code) => this.#bury(code === 0 ? undefined : (failure ?? new Error(`it ended with ${code}`))));
    return worker;
  }

  #take({ parts, milliseconds, last }: FileReport): void {
    const faults = new Map<string, Fault>();
    let commits = 0;
    const take = (id: number) => {
      const waiting = this.#inWork.get(id);
      this.#inWork.delete(id);
      return waiting;
    };
    for (const part of parts) {
      if ('fault' in part) {
        faults.set(part.fault.inner, part.fault);
        for (const id of part.ids) take(id)?.reject(unavailable(part.fault));
      } else {
        for (const [id, answer] of part.answers) {
          if (hasChanged(answer)) commits += 1;
          take(id)?.resolve(answer);
        }
      }
    }
    for (const fault of faults.values()) this.#options.log.error(fault, `${fault.file} failed: ${fault.reason}`);
    if (commits > 0) this.#options.onCommit({ commits, seconds: milliseconds / 1_000 });
    if (last) this.#free();
  }

  /** A thread that died leaves its jobs undecided. The next batch starts another, with nothing in memory. */
  #bury(failure: unknown): void {
    this.#worker = undefined;
    if (failure !== undefined) this.#options.log.error({ err: failure }, 'a writer thread died');
    const lost = [...this.#inWork.values()];
    this.#inWork.clear();
    for (const { file, reject } of lost) reject(unavailable(faultOf(file, failure)));
    this.#free();
  }

  #free(): void {
    this.#busy = false;
    const told = this.#atBatchEnd;
    this.#atBatchEnd = [];
    for (const resolve of told) resolve();
    this.#schedule();
  }
}
