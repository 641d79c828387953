import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient, databaseOf } from './client.ts';

test('no option in the address weakens what is promised of a write or a read', async () => {
  const weak = ['w=1', 'journal=false', 'wtimeoutMS=9', 'readConcernLevel=local', 'readPreference=secondary'];
  const byOtherNames = ['j=false', 'wtimeout=1'];
  const odd = [
    'maxAdaptiveRetries=9',
    'waitQueueTimeoutMS=900000',
    'retryWrites=true',
    'retryReads=false',
    'socketTimeoutMS=900000',
    'serverSelectionTimeoutMS=900000',
  ];
  await using client = createClient(`mongodb://127.0.0.1/?${[...weak, ...odd].join('&')}`);
  const { writeConcern, readConcern, readPreference, ...options } = client.options;
  assert.deepEqual([writeConcern?.w, writeConcern?.journal, writeConcern?.wtimeoutMS], ['majority', true, 5_000]);
  assert.equal(readConcern?.level, 'majority');
  assert.equal(readPreference.mode, 'primary');
  assert.deepEqual([options.retryWrites, options.retryReads], [false, true]);
  assert.deepEqual([options.socketTimeoutMS, options.serverSelectionTimeoutMS], [10_000, 5_000]);
  assert.deepEqual([options.maxAdaptiveRetries, options.waitQueueTimeoutMS], [0, 1_000]);
  await using other = createClient(`mongodb://127.0.0.1/?${byOtherNames.join('&')}`);
  const { writeConcern: durable } = databaseOf(other, 'any').collection('any');
  assert.deepEqual([durable?.w, durable?.journal, durable?.wtimeoutMS], ['majority', true, 5_000]);
});

test('what concerns the way to the server is the address’s: how many connections, by which name, encrypted or not', async () => {
  await using client = createClient('mongodb://me:word@127.0.0.1/?maxPoolSize=7&authSource=admin&tls=true');
  const { maxPoolSize, credentials, tls } = client.options;
  assert.deepEqual([maxPoolSize, credentials?.source, tls], [7, 'admin', true]);
});
