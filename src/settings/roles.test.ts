import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongIn } from '../../test/wrong-settings.ts';
import { readSettings } from '../settings.ts';
import { table } from './table.ts';

test('roles are some of those that there are, each once, and all of them without a database', () => {
  const database = { TENANTRY_DATABASE_URL: 'mongodb://db1', TENANTRY_SECRET: 'A'.repeat(43) };
  const read = (text: string) => readSettings({ ...database, TENANTRY_ROLES: text }).settings.ROLES;
  assert.deepEqual(read('worker,api'), ['auth', 'organizations', 'documents', 'worker']);
  assert.deepEqual(read('api'), ['auth', 'organizations', 'documents']);
  assert.deepEqual(read('documents, auth'), ['auth', 'documents']);
  assert.deepEqual(read('worker'), ['worker']);
  const wrong = (text: string) => wrongIn({ ...database, TENANTRY_ROLES: text })['TENANTRY_ROLES']?.right ?? '';
  for (const text of ['apis', 'api,', ',', 'worker,worker', 'API', 'api worker', 'auth,sessions']) {
    assert.equal(wrong(text), `must be ${table.ROLES.kind.accepts}`, text);
  }
  assert.match(wrong('api,auth'), /api is all three of them already$/);
  assert.equal(readSettings({ TENANTRY_ROLES: 'api,worker' }).settings.ROLES.length, 4);
  assert.throws(() => readSettings({ TENANTRY_ROLES: 'api' }), {
    message:
      'A setting is wrong:\n  TENANTRY_ROLES leaves out worker: must be api,worker where TENANTRY_DATABASE_URL is not set: no other process can work on the data',
  });
  assert.throws(() => readSettings({ TENANTRY_ROLES: 'worker' }), /leaves out auth, organizations, documents: /);
});
