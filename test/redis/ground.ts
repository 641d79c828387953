import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { type OpenRedis, openRedis } from '../../src/cache/redis/open.ts';
import type { Log } from '../../src/log.ts';
import { missingRedis, testRedisUrl } from './address.ts';

/** A line of the log. */
export interface LoggedLine {
  readonly level: keyof Log;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** What a process shares by Redis, as a test has it. Closed at the end of its scope. */
export interface TestSharing extends OpenRedis, AsyncDisposable {
  readonly logged: readonly LoggedLine[];
}

/** How it is opened. */
export interface SharingOptions {
  /** The tests' own server, unless given. */
  readonly url?: string;
  /** One of its own, unless given. */
  readonly installation?: string;
  readonly instance?: string;
  readonly elapsed?: () => number;
}

/** The address of the tests' server. */
export function redisUrl(): string {
  const url = testRedisUrl();
  if (url === undefined) throw new Error(`${missingRedis}: skip the test`);
  return url;
}

/** The id of an installation that nobody else has. */
export function newInstallation(): string {
  return `test-${randomBytes(8).toString('hex')}`;
}

/** Opens what a process shares: `await using sharing = await openTestSharing()`. */
export async function openTestSharing(options: SharingOptions = {}): Promise<TestSharing> {
  const logged: LoggedLine[] = [];
  const add = (level: keyof Log) => (fields: object, message: string) =>
    void logged.push({ level, fields: { ...fields }, message });
  const opened = await openRedis({
    url: options.url ?? redisUrl(),
    installation: options.installation ?? newInstallation(),
    instance: options.instance ?? randomBytes(4).toString('hex'),
    elapsed: options.elapsed ?? (() => performance.now()),
    log: { info: add('info'), warn: add('warn'), error: add('error'), audit: add('audit') },
  });
  return { ...opened, logged, [Symbol.asyncDispose]: () => opened.close() };
}

/** A plain connection of a test's own. Closed at the end of its scope. */
export function plainRedis(url = redisUrl()): { readonly client: Redis } & AsyncDisposable {
  const client = new Redis(url);
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.disconnect();
    },
  };
}

/** The keys of an installation. */
export async function keysOf(client: Redis, installation: string): Promise<string[]> {
  const keys: string[] = [];
  for (const key of await client.keys('tenantry:*')) if (key.includes(`{${installation}}`)) keys.push(key);
  return keys;
}

/** Makes what is kept of an installation older, as though so much time had passed. */
export async function passTimeInRedis(client: Redis, installation: string, milliseconds: number): Promise<void> {
  for (const key of await keysOf(client, installation)) {
    const left = await client.pttl(key);
    if (left > milliseconds) await client.pexpire(key, left - milliseconds);
    else await client.del(key);
  }
}
