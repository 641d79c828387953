import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { missingRedis } from '../../../test/redis/address.ts';
import { startRedis } from '../../../test/redis/server.ts';
import { examineRedis } from './examine.ts';

suite('the doctor and Redis', { skip: missingRedis, timeout: 60_000 }, () => {
  test('one that answers is told with its version, and with a warning where it evicts keys', async () => {
    await using server = await startRedis();
    const [found, ...others] = await examineRedis(server.url);
    assert.match(found?.text ?? '', /^Redis \d+\.\d+\.\d+ answers$/);
    assert.deepEqual(others, []);
    await using evicting = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const [, warning] = await examineRedis(evicting.url);
    assert.match(warning?.text ?? '', /maxmemory-policy allkeys-lru/);
  });

  test('one that does not answer, or not to this user, is a warning without the password', async () => {
    await using server = await startRedis('--requirepass', 'right-one');
    await using gone = await startRedis();
    await gone.kill();
    for (const url of [gone.url, server.url.replace('//', '//:hidden-word@')]) {
      const [{ verdict, text } = { verdict: 'ok', text: '' }, ...others] = await examineRedis(url);
      assert.deepEqual([verdict, others], ['warning', []]);
      assert.match(text, /^TENANTRY_REDIS_URL: Redis does not answer \(.+\)/);
      assert.doesNotMatch(text, /hidden-word/);
    }
  });
});
