import { type LevelWithSilent, pino } from 'pino';
import type { Log } from '../log.ts';
import { LineWriter } from './line-writer.ts';
import { withoutSecrets } from './secrets.ts';

/** What is logged, and where to. */
export interface LogOptions {
  /** The least level that is written, but for `audit`. */
  readonly level: LevelWithSilent;
  /** Asked for each line: what it has beside its own fields, in an object of its own. */
  readonly about?: (() => object) | undefined;
  /** A file descriptor; standard output unless given. */
  readonly destination?: number;
}

/** The log of the process, as `main` holds it. */
export interface ProcessLog extends Log {
  /** Resolves when every line so far is written or lost, after a second at the latest. */
  flush(): Promise<void>;
  /** Writes what waits before it returns, in a second at most: for the `exit` event, also after a fatal error. */
  flushNow(): void;
  /** How many lines were lost, because nobody took them. */
  lostLines(): number;
}

/**
 * The log: a JSON object a line, written off the event loop within a tenth of a second. It never fails and never holds
 * anything up: lines that nobody takes are lost and counted.
 */
export function createLog({ level, about, destination }: LogOptions): ProcessLog {
  // To have asked for `process.stdout` makes a pipe non-blocking: one that nobody reads then holds no thread of the pool.
  const lines = new LineWriter(destination ?? process.stdout.fd);
  const log = pino(
    {
      level,
      base: { service: 'tenantry' },
      // In words and RFC 3339, not in numbers: lines are read by people too.
      timestamp: timeMember(),
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      ...(about !== undefined && { mixin: about }),
      // `withoutSecrets` has made errors plain objects, wherever they are; pino's own serializer would try again.
      serializers: { err: (error) => error },
    },
    lines,
  );
  const trail = log.child({}, { level: 'info' });
  return {
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    audit: (fields, message) => trail.info(fields, message),
    flush: () => lines.flush(),
    flushNow: () => lines.flushNow(),
    lostLines: () => lines.lost,
  };
}

/** The member `time` of a line; spelt once a millisecond, which a busy service has several lines in. */
function timeMember(): () => string {
  let last = 0;
  let member = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      member = `,"time":"${new Date(now).toISOString()}"`;
    }
    return member;
  };
}
