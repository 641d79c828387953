import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readPage } from '../../../test/documentation/page.ts';
import { missingRedis } from '../../../test/redis/address.ts';
import { openTestSharing, plainRedis } from '../../../test/redis/ground.ts';
import { type OwnRedis, startRedis } from '../../../test/redis/server.ts';
import { eventually } from '../../../test/service/eventually.ts';
import { examineRedis } from './examine.ts';

/** What docs/operations.md has a user be given. */
const rights = [
  ...(/A user needs ([^.]+)\./.exec(readPage('docs/operations.md').text)?.[1] ?? '').matchAll(/`([^`]+)`/g),
].flatMap(([, right = '']) => right.replaceAll('\n', ' ').split(/ +/));

/** The address for a user who has these rights and no others. */
async function addressFor(server: OwnRedis, given: readonly string[]): Promise<string> {
  await using plain = plainRedis(server.url);
  await plain.client.call('ACL', 'SETUSER', 'tenantry', 'reset', 'on', '>hidden-word', ...given);
  return server.url.replace('//', '//tenantry:hidden-word@');
}

suite('the doctor and Redis', { skip: missingRedis, timeout: 60_000 }, () => {
  test('one that answers is told with its version, and with a warning where it evicts keys', async () => {
    await using server = await startRedis();
    const [found, ...others] = await examineRedis(server.url, 'own');
    assert.match(found?.text ?? '', /^Redis \d+\.\d+\.\d+ answers$/);
    assert.deepEqual(others, []);
    await using evicting = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru');
    const [, warning] = await examineRedis(evicting.url, 'own');
    assert.match(warning?.text ?? '', /maxmemory-policy allkeys-lru/);
  });

  test('one that does not answer, or not to this user, is a warning without the password', async () => {
    await using server = await startRedis('--requirepass', 'right-one');
    await using gone = await startRedis();
    await gone.kill();
    for (const url of [gone.url, server.url.replace('//', '//:hidden-word@')]) {
      const [{ verdict, text } = { verdict: 'ok', text: '' }, ...others] = await examineRedis(url, 'own');
      assert.deepEqual([verdict, others], ['warning', []]);
      assert.match(text, /^TENANTRY_REDIS_URL: Redis does not answer \(.+\)/);
      assert.doesNotMatch(text, /hidden-word/);
    }
  });

  test('for a user with the rights that the docs tell all is well, as for the service, and nothing is left', async () => {
    await using server = await startRedis();
    assert.ok(rights.length > 8 && rights.includes('~tenantry:1:*'), `${rights}`);
    const url = await addressFor(server, rights);
    const found = await examineRedis(url, 'own');
    assert.deepEqual(found, [
      { verdict: 'ok', text: 'Redis answers; its version and whether it evicts keys are not told to this user' },
    ]);
    await using sharing = await openTestSharing({ url });
    assert.equal(sharing.standing().isUp, true);
    await using plain = plainRedis(server.url);
    await eventually(async () => assert.deepEqual(await plain.client.keys('*'), []));
  });

  test('each right that a user lacks is told by its name, with what it comes to, and no other', async () => {
    await using server = await startRedis();
    const lacks = async (lacking: string, instead: readonly string[] = []) => {
      const url = await addressFor(server, [...rights.filter((right) => right !== lacking), ...instead]);
      const found = await examineRedis(url, 'own');
      assert.doesNotMatch(JSON.stringify(found), /hidden-word/);
      return found.filter(({ verdict }) => verdict === 'warning').map(({ text }) => text);
    };
    for (const command of ['eval', 'evalsha', 'get', 'set', 'pttl', 'pexpire']) {
      const [text = '', ...others] = await lacks(`+${command}`);
      assert.match(text, /^TENANTRY_REDIS_URL: limits are not counted at tenantry:1:\{own\}:limit:\* \(/);
      assert.match(text, new RegExp(`'${command}'.*\\); each instance counts limits by itself$`));
      assert.deepEqual(others, []);
    }
    for (const [command, what] of [
      ['subscribe', 'heard'],
      ['publish', 'told'],
    ] as const) {
      const [text = '', ...others] = await lacks(`+${command}`);
      assert.match(text, new RegExp(`nothing can be ${what} at tenantry:1:\\{own\\}:written \\(.*'${command}'`));
      assert.match(text, /; what one instance changes shows at the others a second later$/);
      assert.deepEqual(others, []);
    }
    assert.match(String(await lacks('+ping')), /^TENANTRY_REDIS_URL: Redis does not answer \(.*'ping'/);
    assert.match(String(await lacks('~tenantry:1:*', ['~tenantry:2:*'])), /limits are not counted at .*key/);
    const [heard, told, ...others] = await lacks('&tenantry:1:*', ['&tenantry:2:*']);
    assert.match(heard ?? '', /nothing can be heard at .*channel/);
    assert.match(told ?? '', /nothing can be told at .*channel/);
    assert.deepEqual(others, []);
  });

  test('a password that is wrong is told as that', async () => {
    await using server = await startRedis();
    const url = (await addressFor(server, rights)).replace('hidden-word', 'wrong-word');
    const [{ text } = { text: '' }] = await examineRedis(url, 'own');
    assert.match(text, /^TENANTRY_REDIS_URL: Redis does not answer \(WRONGPASS /);
    assert.doesNotMatch(text, /wrong-word|hidden-word/);
  });

  test('one that takes connections and says nothing is told within seconds', async () => {
    await using server = await startRedis();
    server.pause();
    const [{ text } = { text: '' }] = await examineRedis(server.url, 'own');
    assert.match(text, /^TENANTRY_REDIS_URL: Redis does not answer \(no answer within 3 s\)/);
  });
});
