import { connection, withoutPassword } from './connection.ts';

/** What was found of a Redis, for the operator. The service works without one, so that nothing of it is wrong. */
export interface RedisFinding {
  readonly verdict: 'ok' | 'warning';
  readonly text: string;
}

/** How long it is waited for. */
const patienceMilliseconds = 3_000;

/** Looks whether the Redis of this address answers, and keeps what it is given. */
export async function examineRedis(url: string): Promise<readonly RedisFinding[]> {
  const client = connection(url);
  let reason = `no answer within ${patienceMilliseconds / 1_000} s`;
  client.on('error', (error: Error) => {
    reason = error.message;
  });
  const late = setTimeout(() => client.disconnect(), patienceMilliseconds);
  try {
    await client.connect();
    const told = await client.info();
    return findingsOf(told);
  } catch {
    const text = `TENANTRY_REDIS_URL: Redis does not answer (${withoutPassword(url, reason)}); each instance counts limits by itself`;
    return [{ verdict: 'warning', text }];
  } finally {
    clearTimeout(late);
    client.disconnect();
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
