import { createHash, hash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Claim, Limit, Limits, Standing } from '../limits.ts';
import { createWindows, standingOf, type Windows, type WindowsOptions } from '../windows.ts';
import type { Link } from './link.ts';

/** What `redisLimits` is handed, beside what its own windows need. */
export interface RedisLimitsOptions extends WindowsOptions {
  readonly link: Pick<Link, 'isUp' | 'ask'>;
  /** Before each key. */
  readonly prefix: string;
}

/**
 * For each key: at most so many, milliseconds of a window, and how many an instance has counted by itself. ARGV[1] is 1
 * where all are counted if all are within their limits. Gives for each key the count and the milliseconds left; the last
 * number is 1 where it counted. A key's life is its window by Redis' own clock; none is ever without an end.
 */
const script = `
local counts, lefts, fits = {}, {}, true
for i, key in ipairs(KEYS) do
  local most, window, untold = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local count = tonumber(redis.call('GET', key) or '0') or 0
  local left = redis.call('PTTL', key)
  if left == -1 or left > window then
    redis.call('PEXPIRE', key, window)
    left = window
  end
  if left <= 0 then
    count, left = 0, window
  end
  if untold > 0 then
    count = count + untold
    redis.call('SET', key, count, 'PX', left)
  end
  counts[i], lefts[i] = count, left
  fits = fits and count < most
end
local counted = fits and ARGV[1] == '1'
local reply = {}
for i, key in ipairs(KEYS) do
  if counted then
    counts[i] = counts[i] + 1
    redis.call('SET', key, counts[i], 'PX', lefts[i])
  end
  reply[2 * i - 1], reply[2 * i] = counts[i], lefts[i]
end
reply[#reply + 1] = counted and 1 or 0
return reply
`;

const scriptDigest = createHash('sha1').update(script).digest('hex');

/**
 * Limits that all instances count together: all of a request in one round trip. What Redis told last is remembered, so that
 * who is past a limit is refused without asking, and counting goes on from there where Redis does not answer; what is
 * counted meanwhile is told to it with the next one. So no answer of Redis, nor the lack of one, lets more through than an
 * instance by itself would.
 */
export function redisLimits({ link, prefix, ...options }: RedisLimitsOptions): Limits {
  const windows = createWindows(options);

  async function stand(claims: readonly Claim[], counting: boolean): Promise<Standing[]> {
    if (!link.isUp()) return windows.stand(claims, counting);
    // What is refused is not counted, by whomever it is asked.
    if (counting && windows.refusal(claims) !== undefined) return windows.stand(claims, false);
    const untold = takeUntold(windows, claims);
    let countedHere = 0;
    const keys = claims.map((claim) => prefix + nameOf(claim));
    const numbers = claims.flatMap(({ limit }, at) => [limit.most, limit.seconds * 1_000, untold[at] ?? 0]);
    try {
      const onLate = (reply: readonly number[]) => {
        const countedTwice = countedHere * (reply.at(-1) ?? 0);
        for (const [at, claim] of claims.entries()) addUntold(windows, claim, -(untold[at] ?? 0) - countedTwice);
      };
      return readReply(windows, claims, await run(link, { keys, numbers: [counting ? 1 : 0, ...numbers], onLate }));
    } catch {
      // The link has noted why. It may have been counted there all the same; where no answer tells so, it is counted twice.
      for (const [at, claim] of claims.entries()) addUntold(windows, claim, untold[at] ?? 0);
      const standings = windows.stand(claims, counting);
      if (counting && standings.every(({ allowed }) => allowed)) countedHere = 1;
      return standings;
    }
  }

  async function standOne(limit: Limit, key: string, counting: boolean): Promise<Standing> {
    const [standing] = await stand([{ limit, key }], counting);
    // As many as there are claims.
    return standing as Standing;
  }

  return {
    take: (limit, key) => standOne(limit, key, true),
    look: (limit, key) => standOne(limit, key, false),
    takeAll: (claims) => stand(claims, true),
    refusal: (claims) => windows.refusal(claims),
  };
}

/**
 * Has a Redis count under a key that nobody else has, by every command that it takes; a moment later nothing is left of it.
 *
 * @throws {Error} all that Redis refuses it with
 */
export async function rehearseLimits(client: Redis, prefix: string): Promise<void> {
  const key = `${prefix}${randomUUID()}`;
  // Those of the script by themselves: of a script it is told only that it may not do something.
  const outcomes = await Promise.allSettled([
    client.set(key, 0, 'PX', 1_000),
    client.get(key),
    client.pttl(key),
    client.pexpire(key, 1_000),
  ]);
  const refusals = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [String(outcome.reason.message)] : [],
  );
  if (refusals.length > 0) throw new Error([...new Set(refusals)].join('; '));
  const [counting, most, untold] = [1, 10, 0];
  await client.eval(script, 1, key, counting, most, 1_000, untold);
  // By a shorter window, so that it ends at once.
  await client.evalsha(scriptDigest, 1, key, counting, most, 1, untold);
}

/** Of one length, and without what it is made of, which may be an email. */
function nameOf({ limit, key }: Claim): string {
  return `${limit.name}:${hash('sha256', key, 'base64url')}`;
}

/** The whole script is sent where Redis does not know it: after its start, or where its scripts were flushed. */
function run(link: Pick<Link, 'ask'>, { keys, numbers, onLate }: Run): Promise<readonly number[]> {
  return link.ask(async (client) => {
    try {
      return (await client.evalsha(scriptDigest, keys.length, ...keys, ...numbers)) as readonly number[];
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return (await client.eval(script, keys.length, ...keys, ...numbers)) as readonly number[];
    }
  }, onLate);
}

/** The script with what it is given, and who is told an answer that nobody waited for. */
interface Run {
  readonly keys: readonly string[];
  readonly numbers: readonly number[];
  onLate(reply: readonly number[]): void;
}

function readReply(windows: Windows, claims: readonly Claim[], numbers: readonly number[]): Standing[] {
  const counted = numbers.at(-1) === 1 ? 1 : 0;
  return claims.map((claim, at) => {
    const after = numbers[2 * at] ?? 0;
    const milliseconds = numbers[2 * at + 1] ?? 0;
    windows.learn(claim, after, milliseconds);
    return standingOf(claim.limit, { before: after - counted, after, milliseconds });
  });
}

function takeUntold(windows: Windows, claims: readonly Claim[]): number[] {
  return claims.map((claim) => {
    const window = windows.open(claim);
    const untold = window?.untold ?? 0;
    if (window !== undefined) window.untold = 0;
    return untold;
  });
}

function addUntold(windows: Windows, claim: Claim, more: number): void {
  const window = windows.open(claim);
  if (window !== undefined) window.untold = Math.max(0, window.untold + more);
}
