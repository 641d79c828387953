import type { Log } from '../../log.ts';
import type { Limits } from '../limits.ts';
import { type Announcements, createAnnouncements } from './announcements.ts';
import { connection, withoutPassword } from './connection.ts';
import { redisLimits } from './limits.ts';
import { createLink } from './link.ts';
import { namesFor } from './names.ts';

/** With what Redis is used. */
export interface RedisGround {
  /** `redis://` or `rediss://`, as the setting has it. */
  readonly url: string;
  /** Tells the installation from others that use the same Redis. */
  readonly installation: string;
  /** Names this process among those of the installation. */
  readonly instance: string;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly elapsed: () => number;
}

/** What instances share by Redis. */
export interface OpenRedis {
  readonly limits: Limits;
  readonly announcements: Announcements;
  /** How it stands, for the metrics. */
  standing(): RedisStanding;
  close(): Promise<void>;
}

/** How Redis stands with this process. */
export interface RedisStanding {
  /** Whether it answers, and its messages arrive. */
  readonly isUp: boolean;
  /** How often it has ceased to. */
  readonly failures: number;
}

/** How long a start waits for Redis; without it the service works as well, but by itself. */
const startMilliseconds = 1_000;

/** Between two lines of the log that tell of a failure. */
const lineMilliseconds = 10_000;

/** Connects to Redis, and waits a little for it. Where it is not there it is looked for from then on. */
export async function openRedis({ url, installation, instance, log, elapsed }: RedisGround): Promise<OpenRedis> {
  const names = namesFor(installation);
  const reporter = createReporter(log, { elapsed, url });
  const asking = createLink({
    client: connection(url),
    enter: (client) => client.ping(),
    isWatched: true,
    ...reporter,
  });
  const { hearing, ...announcements } = createAnnouncements({
    link: asking,
    client: connection(url),
    channel: names.written,
    instance,
    ...reporter,
  });
  await Promise.all([asking, hearing].map((link) => link.settle(startMilliseconds)));
  return {
    limits: redisLimits({ link: asking, prefix: names.limits, now: elapsed }),
    announcements,
    standing: () => ({ isUp: asking.isUp() && hearing.isUp(), failures: reporter.failures() }),
    async close() {
      await Promise.all([asking.close(), hearing.close()]);
    },
  };
}

interface Reporter {
  onUp(): void;
  onDown(reason: string): void;
  failures(): number;
}

/** Tells of failures, and of their ends, in a bounded number of lines. */
function createReporter(log: Log, { elapsed, url }: Pick<RedisGround, 'elapsed' | 'url'>): Reporter {
  let failures = 0;
  let untold = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let isTold = false;
  return {
    failures: () => failures,
    onDown(reason) {
      failures += 1;
      untold += 1;
      if (elapsed() - toldAt < lineMilliseconds) return;
      log.warn(
        { reason: withoutPassword(url, reason), failures: untold },
        'Redis does not answer: this instance counts limits by itself',
      );
      toldAt = elapsed();
      untold = 0;
      isTold = true;
    },
    onUp() {
      if (!isTold) return;
      isTold = false;
      log.info({}, 'Redis answers again');
    },
  };
}
