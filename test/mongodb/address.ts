/** The server that the tests on MongoDB use, from `TEST_MONGODB_URL`: `mongodb://HOST:PORT/?...`. Undefined where it names none. */
export function testUrl(): string | undefined {
  return process.env['TEST_MONGODB_URL'] || undefined;
}

/** For `skip`: the reason why tests on MongoDB are left out, or false where they run. */
export const missing: string | false = testUrl() === undefined && 'TEST_MONGODB_URL names no server';
