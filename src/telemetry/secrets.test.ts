import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TenantryError } from '../errors.ts';
import { withoutSecrets } from './secrets.ts';

test('a secret is censored at every place, whatever its value', () => {
  const fields = {
    password: 'S3cret',
    request: { headers: { authorization: 'Bearer S3cret', cookie: 'S3cret', 'set-cookie': ['S3cret'], host: 'a' } },
    body: {
      email: 'a@b.example',
      new_password: { nested: 'S3cret' },
      list: [{ token: 'S3cret' }, { access_token: 1 }],
    },
    err: new Error('failed', { cause: Object.assign(new Error('inner'), { password: 'S3cret' }) }),
    user: { id: 'usr_1', password: { scheme: 'bcrypt', hash: 'S3cret' } },
  };
  for (const flat of ['password', 'new_password', 'token', 'access_token', 'authorization', 'cookie', 'secret']) {
    assert.notEqual(withoutSecrets({ [flat]: 'S3cret', status: 200 })[flat], 'S3cret', flat);
  }
  const shown = JSON.stringify(withoutSecrets(fields));
  assert.ok(!shown.includes('S3cret'), shown);
  assert.ok(shown.includes('"host":"a"') && shown.includes('a@b.example') && shown.includes('usr_1'), shown);
});

test('what has no secret is logged as it is', () => {
  const fields = { request_id: 'a', status: 200, list: [1, { a: null }], at: new Date(0), bytes: Buffer.from('a') };
  assert.deepEqual(withoutSecrets(fields), fields);
  const flat = { status: 200, nothing: null };
  assert.equal(withoutSecrets(flat), flat);
});

test('an error is an object with its message, stack and own members, wherever it is', () => {
  const error = new TenantryError('storage_unavailable', 'the disk is full', { cause: new Error('ENOSPC') });
  for (const shown of [withoutSecrets({ err: error })['err'], withoutSecrets({ a: { error } })['a']]) {
    const text = JSON.stringify(shown);
    for (const part of ['the disk is full', 'storage_unavailable', 'ENOSPC', 'secrets.test']) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
  }
});

test('circles and depth end', () => {
  const circle: Record<string, unknown> = { id: 1 };
  circle['self'] = [circle];
  assert.ok(JSON.stringify(withoutSecrets({ circle })).includes('[left out]'));
  fc.assert(fc.property(fc.object({ maxDepth: 9 }), (fields) => void JSON.stringify(withoutSecrets(fields))));
});
