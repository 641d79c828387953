import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { messageOf } from './announcements.ts';
import { connection, withoutPassword } from './connection.ts';
import { rehearseLimits } from './limits.ts';
import { namesFor } from './names.ts';

/** What was found of a Redis, for the operator. The service works without one, so that nothing of it is wrong. */
export interface RedisFinding {
  readonly verdict: 'ok' | 'warning';
  readonly text: string;
}

/** How long each answer is waited for. */
const patienceMilliseconds = 3_000;

const countsAlone = 'each instance counts limits by itself';

const toldLater = 'what one instance changes shows at the others a second later';

/**
 * Looks whether the Redis of this address does for this user what the service asks of it. What it keeps stays as it is, and
 * instances that run hear of it and do nothing.
 *
 * @param installation whose keys and channel are tried
 */
export async function examineRedis(url: string, installation: string): Promise<readonly RedisFinding[]> {
  const { limits, written } = namesFor(installation);
  const [asking, hearing] = [connection(url), connection(url)];
  const warning = (what: string, effect: string, error: unknown): RedisFinding => {
    const reason = withoutPassword(url, error instanceof Error ? error.message : String(error));
    return { verdict: 'warning', text: `TENANTRY_REDIS_URL: ${what} (${reason}); ${effect}` };
  };
  const tried = async (work: Promise<unknown>, what: string, effect: string): Promise<RedisFinding[]> => {
    try {
      await inTime(work);
      return [];
    } catch (error) {
      return [warning(what, effect, error)];
    }
  };
  try {
    await Promise.all([greet(asking), greet(hearing)]);
    const found = await Promise.all([
      describe(asking),
      tried(rehearseLimits(asking, limits), `limits are not counted at ${limits}*`, countsAlone),
      tried(hearing.subscribe(written), `nothing can be heard at ${written}`, toldLater),
      // As one who has written nothing.
      tried(asking.publish(written, messageOf(randomUUID(), [])), `nothing can be told at ${written}`, toldLater),
    ]);
    return found.flat();
  } catch (error) {
    return [warning('Redis does not answer', countsAlone, error)];
  } finally {
    asking.disconnect();
    hearing.disconnect();
  }
}

/** Connects, and has it answer. @throws {Error} with why it does not */
async function greet(client: Redis): Promise<void> {
  let reason: Error | undefined;
  client.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await inTime(client.connect().then(() => client.ping()));
  } catch (error) {
    // Of a password that is wrong the command behind it tells only that there was none.
    throw reason ?? error;
  }
}

/** What it tells of itself, which the service does not need to know. */
async function describe(client: Redis): Promise<RedisFinding[]> {
  try {
    return findingsOf(await inTime(client.info()));
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOPERM'))) throw error;
    return [{ verdict: 'ok', text: 'Redis answers; its version and whether it evicts keys are not told to this user' }];
  }
}

function findingsOf(told: string): RedisFinding[] {
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(told)?.[1];
  const policy = value('maxmemory_policy') ?? 'noeviction';
  const findings: RedisFinding[] = [{ verdict: 'ok', text: `Redis ${value('redis_version') ?? ''} answers` }];
  if (policy !== 'noeviction' && value('maxmemory') !== '0') {
    const text = `TENANTRY_REDIS_URL: Redis evicts keys (maxmemory-policy ${policy}), by which limits forget; noeviction does not`;
    findings.push({ verdict: 'warning', text });
  }
  return findings;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const tooLate = () => late.reject(new Error(`no answer within ${patienceMilliseconds / 1_000} s`));
  const timer = setTimeout(tooLate, patienceMilliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
