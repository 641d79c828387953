import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from './client.ts';

test('no option in the address weakens what is promised of a write or a read', async () => {
  const weak = ['w=1', 'journal=false', 'wtimeoutMS=9', 'readConcernLevel=local', 'readPreference=secondary'];
  const odd = ['retryWrites=true', 'retryReads=false', 'socketTimeoutMS=900000', 'serverSelectionTimeoutMS=900000'];
  await using client = createClient(`mongodb://127.0.0.1/?${[...weak, ...odd].join('&')}`);
  const { writeConcern, readConcern, readPreference, ...options } = client.options;
  assert.deepEqual([writeConcern?.w, writeConcern?.journal, writeConcern?.wtimeoutMS], ['majority', true, 5_000]);
  assert.equal(readConcern?.level, 'majority');
  assert.equal(readPreference.mode, 'primary');
  assert.deepEqual([options.retryWrites, options.retryReads], [false, true]);
  assert.deepEqual([options.socketTimeoutMS, options.serverSelectionTimeoutMS], [10_000, 5_000]);
});

test('what concerns the way to the server is the address’s: how many connections, by which name, encrypted or not', async () => {
  await using client = createClient('mongodb://me:word@127.0.0.1/?maxPoolSize=7&authSource=admin&tls=true');
  const { maxPoolSize, credentials, tls } = client.options;
  assert.deepEqual([maxPoolSize, credentials?.source, tls], [7, 'admin', true]);
});
