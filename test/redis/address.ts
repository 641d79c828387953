/** The server that the tests on Redis use, from `TEST_REDIS_URL`: `redis://HOST:PORT`. Undefined where it names none. */
export function testRedisUrl(): string | undefined {
  return process.env['TEST_REDIS_URL'] || undefined;
}

/** For `skip`: the reason why tests on Redis are left out, or false where they run. */
export const missingRedis: string | false = testRedisUrl() === undefined && 'TEST_REDIS_URL names no server';
