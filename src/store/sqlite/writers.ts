import { Worker } from 'node:worker_threads';
import { TenantryError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { faultOf, unavailable } from './faults.ts';
import type { Answer, FileReport, Job } from './jobs.ts';

/** Jobs that may wait for one writer; past it callers get `busy`. */
const mostWaiting = 20_000;
/** Jobs of one batch: a bound on how long one transaction takes. */
const mostInBatch = 1_000;

/** The writers' threads. A file belongs to one of them, always the same. */
export interface Writers {
  /** Does a job in the file's next transaction. @throws {TenantryError} storage_unavailable, busy */
  submit(file: string, job: Job): Promise<Answer>;
  /** Keeps all writers still while `work` runs: no transaction is open, and jobs wait. */
  whileStill<T>(work: () => Promise<T>): Promise<T>;
  /** Does what was submitted, then closes every file. */
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly directory: string;
  /** The name of the master database's file. */
  readonly master: string;
  readonly threads: number;
  readonly log: Log;
  /** Told after each transaction: how many jobs it held and how long it took. */
  readonly onCommit: (commit: { commits: number; seconds: number }) => void;
}

/** Starts the writers' threads. */
export function startWriters(options: WriterOptions): Writers {
  const writers = Array.from({ length: options.threads }, () => new Writer(options));
  const assigned = new Map<string, Writer>();
  return {
    submit(file, job) {
      let writer = assigned.get(file);
      if (writer === undefined) {
        writer = writers[assigned.size % writers.length];
        if (writer === undefined) throw new Error('there is no writer');
        assigned.set(file, writer);
      }
      return writer.submit(file, job);
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

interface Waiting {
  readonly file: string;
  readonly job: Job;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** One thread, with one batch in work; what is submitted meanwhile is the next batch. */
class Writer {
  readonly #options: WriterOptions;
  #waiting: Waiting[] = [];
  readonly #inWork = new Map<number, Waiting>();
  #worker: Worker;
  #nextId = 0;
  #scheduled = false;
  #busy = false;
  #pauses = 0;
  #closed = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#worker = this.#start();
  }

  submit(file: string, job: Job): Promise<Answer> {
    if (this.#closed)
      return Promise.reject(new TenantryError('stopping', 'The service is stopping', { retryAfterSeconds: 1 }));
    if (this.#waiting.length >= mostWaiting) {
      return Promise.reject(
        new TenantryError('busy', 'Too many writes are waiting; try again later', { retryAfterSeconds: 1 }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ file, job, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when no batch is in work; none begins until what it gives is called. */
  async pause(): Promise<() => void> {
    this.#pauses += 1;
    await this.#idle();
    return () => {
      this.#pauses -= 1;
      this.#schedule();
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#busy || this.#waiting.length > 0) await this.#idle();
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.postMessage('close');
    await ended;
  }

  #idle(): Promise<void> {
    if (!this.#busy && (this.#pauses > 0 || this.#waiting.length === 0)) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Sends the next batch at the end of this turn of the event loop, so that all jobs of the turn are in it. */
  #schedule(): void {
    if (this.#scheduled || this.#busy || this.#pauses > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#busy || this.#pauses > 0 || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, mostInBatch);
    this.#busy = true;
    const jobs = batch.map((waiting) => {
      const id = this.#nextId++;
      this.#inWork.set(id, waiting);
      return { id, file: waiting.file, job: waiting.job };
    });
    this.#worker.postMessage({ jobs });
  }

  #start(): Worker {
    const { directory, master } = this.#options;
    const worker = new Worker(new URL('./writer.ts', import.meta.url), { workerData: { directory, master } });
    worker.on('message', (report: FileReport) => this.#take(report));
    worker.on('error', (error) => this.#replace(error));
    return worker;
  }

  #take(report: FileReport): void {
    this.#options.onCommit({ commits: report.ids.length, seconds: report.milliseconds / 1_000 });
    if ('fault' in report) {
      this.#options.log.error({ ...report.fault }, `the file ${report.fault.file} failed: ${report.fault.reason}`);
    }
    report.ids.forEach((id, place) => {
      const waiting = this.#inWork.get(id);
      this.#inWork.delete(id);
      if ('fault' in report) waiting?.reject(unavailable(report.fault));
      else {
        const answer = report.answers[place];
        if (answer === undefined) waiting?.reject(new Error('a writer left a job without an answer'));
        else waiting?.resolve(answer);
      }
    });
    if (report.last) this.#free();
  }

  /** A thread that failed as a whole leaves its jobs undecided; another takes its place, with nothing in memory. */
  #replace(error: unknown): void {
    this.#options.log.error({ err: error }, 'a writer thread failed and is replaced');
    const lost = [...this.#inWork.values()];
    this.#inWork.clear();
    for (const waiting of lost) waiting.reject(unavailable(faultOf(waiting.file, error)));
    this.#worker = this.#start();
    this.#free();
  }

  #free(): void {
    this.#busy = false;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
    this.#schedule();
  }
}
