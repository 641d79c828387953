import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongIn } from '../../test/wrong-settings.ts';
import { readSettings } from '../settings.ts';

test('the address of a Redis has a scheme, a host, and perhaps a user, a port and the number of a database', () => {
  for (const url of [
    'redis://redis',
    'rediss://redis.example.com:6380/2',
    'redis://:p%40ss%2Fword@10.0.0.5',
    'redis://tenantry:word@[::1]:6379/',
  ]) {
    assert.equal(readSettings({ TENANTRY_REDIS_URL: url }).settings.REDIS_URL, url);
  }
  for (const url of [
    'redis',
    'redis://',
    'http://redis',
    'redis://a,b',
    'redis://redis:99999',
    'redis://redis/word',
    'redis://redis?db=1',
    'redis://redis#1',
    ' redis://redis',
    'redis://me:%FF@redis',
    'redis://me:hid/den@redis',
    'redis://me:hid@den@redis',
  ]) {
    const wrong = wrongIn({ TENANTRY_REDIS_URL: url });
    assert.deepEqual(Object.keys(wrong), ['TENANTRY_REDIS_URL'], url);
    assert.equal(wrong['TENANTRY_REDIS_URL']?.found, `has ${url.length} characters (environment)`);
    assert.doesNotMatch(JSON.stringify(wrong), /me:|hid|den@/);
  }
});
