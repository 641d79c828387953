import { constants } from 'node:os';
import type { Log } from './log.ts';

/** How a process ends when it is told to. */
export interface Ending {
  /** Finishes what was begun and closes everything. */
  readonly stop: () => Promise<void>;
  /** When the process ends at the latest, whatever is still in work. */
  readonly seconds: number;
  readonly log: Log;
}

const endingSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Ends the process at once at SIGTERM or SIGINT, with 128 and the signal's number as a shell has it: for a start that
 * waits, when nothing is in work yet. The default action does not do, because the first process of a container has none.
 * Returns what takes this away again; call it after `endOnSignal`, so that no signal comes in between.
 */
export function exitOnSignal(): () => void {
  const exit = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal]);
  for (const each of endingSignals) process.on(each, exit);
  return () => {
    for (const each of endingSignals) process.off(each, exit);
  };
}

/**
 * At the first SIGTERM or SIGINT stops, and ends the process with 0. At the second the system ends it at once: from the
 * first on the signals have their default action, which waits for nothing, as `process.exit` does for a password hash.
 */
export function endOnSignal({ stop, seconds, log }: Ending): void {
  const begin = (signal: NodeJS.Signals) => {
    for (const each of endingSignals) process.off(each, begin);
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.warn({ seconds }, 'not all was finished in time');
      process.exit(0);
    }, seconds * 1_000).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  for (const each of endingSignals) process.on(each, begin);
}
